"""`make mirror-images`: copies the base images of the builds into the account's own ECR."""
