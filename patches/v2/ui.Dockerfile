# CVAT v2's published interface as it is, so that it comes from the account's own ECR, by digest.
ARG CVAT_REGISTRY=docker.io
ARG CVAT_UI=cvat/ui:v2.73.0
# hadolint ignore=DL3006 # the argument has a tag, and a digest where mirror/images.lock has one
FROM ${CVAT_REGISTRY}/${CVAT_UI}
EXPOSE 8000
STOPSIGNAL SIGQUIT
