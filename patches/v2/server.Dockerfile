# CVAT v2's published server with our patch, settings overlay and entry point on top: docs/images.md. Nothing is compiled,
# and nothing is downloaded but the two base images and AWS's root certificates.
ARG BASE_REGISTRY=docker.io/library
ARG CVAT_REGISTRY=docker.io
ARG CVAT_SERVER=cvat/server:v2.73.0

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
FROM ${CVAT_REGISTRY}/${CVAT_SERVER}
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3002 # until the last lines, which go back to 1000
USER 0:0
ARG CA_CERTIFICATES=
# Authorities of a corporate network: update-ca-certificates wants a file for each.
RUN if [ -n "${CA_CERTIFICATES}" ]; then \
        printf '%s\n' "${CA_CERTIFICATES}" | awk '/BEGIN CERTIFICATE/ { \
            file = sprintf("/usr/local/share/ca-certificates/corporate-%d.crt", ++count) } file { print > file }' \
        && update-ca-certificates; \
    fi
COPY --from=truststores /truststores/rds.pem /etc/ssl/certs/rds.pem
COPY v2/series/ /series/
ARG SERIES_DIGEST=5e6e90fbf6d261743f1552fbf7e7f24e20487821deacd952fb54fac8f380063f
# `git apply` has no fuzz: a hunk fits or the build fails.
RUN cat /series/series /series/*.patch | sha256sum | grep -q "^${SERIES_DIGEST} " \
    && while read -r patch; do git -C /opt/cvat apply --whitespace=nowarn "/series/${patch}"; done < /series/series
COPY overlay/cvat_aws/ /opt/cvat-aws/cvat_aws/
COPY v2/overlay/cvat_aws_v2/ /opt/cvat-aws/cvat_aws_v2/
ENV DJANGO_SETTINGS_MODULE=cvat_aws_v2.settings \
    HOME=/home/django USER=django LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=Etc/UTC \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=/tmp/matplotlib
WORKDIR /home/django
# The code stays root's. `static` is filled here, with settings that name no real service and a key that is gone with this
# step; the folders are those that CVAT's settings expect, so that a read-only root has them.
RUN echo /opt/cvat-aws > "$(python -c 'import site; print(site.getsitepackages()[0])')/cvat-aws.pth" \
    && python -m compileall -q /opt/cvat-aws /opt/cvat/cvat/apps/engine /opt/cvat/cvat/settings \
    && install -d -o 1000 -g 1000 data share keys logs logs/migrations events static \
    && DJANGO_SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" \
       CVAT_BASE_URL=http://localhost CVAT_POSTGRES_HOST=none CVAT_POSTGRES_USER=none CVAT_POSTGRES_PASSWORD=none \
       CVAT_REDIS_HOST=none CVAT_MEDIA_REDIS_HOST=none python -m django collectstatic --no-input --verbosity 0 \
    && rm -rf data/* /tmp/* && chown -R 1000:1000 data logs static /tmp

ARG CVAT_SERVER
LABEL org.opencontainers.image.title="CVAT v2 server for AWS" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.base.name="${CVAT_SERVER}" \
      com.amazonaws.cvat.series="${SERIES_DIGEST}"

# Fargate gives the empty volume that a task mounts there the owner and the mode of this folder.
VOLUME ["/tmp"]
# As in ../server.Dockerfile: the volume that a task mounts there gets the owner and the mode of this folder.
VOLUME ["/tmp"]
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
ENTRYPOINT ["python", "-m", "cvat_aws_v2"]
CMD ["front"]
