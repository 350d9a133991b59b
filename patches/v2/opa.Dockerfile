# Open Policy Agent as published, so that it comes from the account's own ECR, by digest.
ARG CVAT_REGISTRY=docker.io
ARG OPA=openpolicyagent/opa:1.12.2
# hadolint ignore=DL3006 # the argument has a tag, and a digest where mirror/images.lock has one
FROM ${CVAT_REGISTRY}/${OPA}
USER 1000:1000
