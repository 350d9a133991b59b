"""ECS on Fargate: the cluster, task definitions with their roles, log groups, and scaling."""
