# CVAT v2.48.0's published server, which migrates a database of c48411ae to its own state; `init` of the current release
# goes on from there. Built only for an upgrade: docs/releases.md.
ARG BASE_REGISTRY=docker.io/library
ARG CVAT_REGISTRY=docker.io
ARG CVAT_UPGRADE=cvat/server:v2.48.0

FROM ${BASE_REGISTRY}/python:3.11-slim-bookworm AS truststores
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ARG CA_CERTIFICATES=
# Authorities of a corporate network: update-ca-certificates wants a file for each.
RUN if [ -n "${CA_CERTIFICATES}" ]; then \
        printf '%s\n' "${CA_CERTIFICATES}" | awk '/BEGIN CERTIFICATE/ { \
            file = sprintf("/usr/local/share/ca-certificates/corporate-%d.crt", ++count) } file { print > file }' \
        && update-ca-certificates; \
    fi
COPY truststores.py truststores.lock /truststores/
ARG RDS_TRUSTSTORES="https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem"
RUN python /truststores/truststores.py /truststores/rds.pem ${RDS_TRUSTSTORES}


# hadolint ignore=DL3006 # the argument has a tag, and a digest where mirror/images.lock has one
FROM ${CVAT_REGISTRY}/${CVAT_UPGRADE}
# hadolint ignore=DL3002 # until the last lines, which go back to 1000
USER 0:0
COPY --from=truststores /truststores/rds.pem /etc/ssl/certs/rds.pem
COPY overlay/cvat_aws/ /opt/cvat-aws/cvat_aws/
COPY v2/overlay/cvat_aws_upgrade/ /opt/cvat-aws/cvat_aws_upgrade/
ENV HOME=/home/django LANG=C.UTF-8 LC_ALL=C.UTF-8 PYTHONPATH=/opt/cvat-aws:/home/django \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /home/django
# The folders that CVAT's settings expect, so that a read-only root has them.
RUN python -m compileall -q /opt/cvat-aws \
    && install -d -o 1000 -g 1000 data share keys logs logs/migrations events static

ARG CVAT_UPGRADE
LABEL org.opencontainers.image.title="CVAT v2.48.0 for an upgrade on AWS" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="${CVAT_UPGRADE}"

# As in ../server.Dockerfile: the volume that a task mounts there gets the owner and the mode of this folder.
VOLUME ["/tmp"]
USER 1000:1000
ENTRYPOINT ["python", "-m", "cvat_aws_upgrade"]
CMD ["upgrade"]
