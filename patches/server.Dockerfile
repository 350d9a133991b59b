# CVAT's server at one commit, with our patch series, settings overlay and entry point. docs/images.md says how to
# build it, what it needs and what it weighs. Nothing is downloaded that is not pinned, and nothing from elsewhere
# than the five places below (and AWS's trust stores).
ARG BASE_REGISTRY=docker.io/library

FROM ${BASE_REGISTRY}/python:3.8.20-slim-bookworm AS debian
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ARG APT_MIRROR=http://deb.debian.org
RUN find /etc/apt \( -name '*.list' -o -name '*.sources' \) \
        -exec sed -i "s|http://deb.debian.org|${APT_MIRROR%/}|g" {} +
ARG CA_CERTIFICATES=
# Authorities of a corporate network: update-ca-certificates wants a file for each.
RUN if [ -n "${CA_CERTIFICATES}" ]; then \
        printf '%s\n' "${CA_CERTIFICATES}" | awk '/BEGIN CERTIFICATE/ { \
            file = sprintf("/usr/local/share/ca-certificates/corporate-%d.crt", ++count) } file { print > file }' \
        && update-ca-certificates; \
    fi


FROM debian AS source
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
# hadolint ignore=DL3008 # Debian keeps one version of a package in a release; pins would only make builds fail
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/*
ARG CVAT_REPOSITORY=https://github.com/opencv/cvat.git
ARG CVAT_COMMIT=c48411ae5014aac4441aa03da8944fbd4373b312
WORKDIR /source
RUN git init -q && git fetch -q --depth 1 "${CVAT_REPOSITORY}" "${CVAT_COMMIT}" && git checkout -q FETCH_HEAD
COPY series/ /series/
ARG SERIES_DIGEST=222b1f0b9d3598bd509797db9f2b7ac40f5f48bcf5bee1985e6835d81da150e5
# `git apply` has no fuzz: a hunk fits or the build fails. The last line is for mirrors that leave out large files.
RUN cat /series/series /series/*.patch | sha256sum | grep -q "^${SERIES_DIGEST} " \
    && while read -r patch; do git apply --whitespace=nowarn "/series/${patch}"; done < /series/series \
    && test -s cvat/apps/opencv/static/opencv/js/opencv_4.5.2_unreleased.js
COPY truststores.py truststores.lock /truststores/
ARG RDS_TRUSTSTORES="https://truststore.pki.rds.amazonaws.com/global/global-bundle.pem https://rds-truststore.s3.cn-north-1.amazonaws.com.cn/global/global-bundle.pem"
RUN python /truststores/truststores.py /truststores/rds.pem ${RDS_TRUSTSTORES}


FROM debian AS build
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends apache2-dev build-essential libldap2-dev libsasl2-dev \
    && rm -rf /var/lib/apt/lists/*
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:${PATH} PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PIP_CERT=/etc/ssl/certs/ca-certificates.crt
ARG PIP_INDEX_URL=https://pypi.org/simple
ARG PIP_TRUSTED_HOST=
COPY requirements/ /requirements/
# The lock is complete, so nothing is resolved; what has no wheel is built with the tools that build.txt pins.
RUN pip install --require-hashes -r /requirements/build.txt \
    && pip install --require-hashes --no-deps --no-build-isolation --prefer-binary -r /requirements/server.txt
COPY overlay/cvat_aws/ /opt/venv/lib/python3.8/site-packages/cvat_aws/
RUN python -m compileall -q /opt/venv/lib/python3.8/site-packages/cvat_aws


FROM debian
# hadolint ignore=DL3008
RUN apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        apache2 ca-certificates git git-lfs libapache2-mod-xsendfile libgomp1 libldap-2.5-0 libsasl2-2 media-types nginx \
        openssh-client p7zip-full poppler-utils \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 1000 --create-home --home-dir /home/django --shell /usr/sbin/nologin django

COPY --from=build /opt/venv /opt/venv
COPY --from=source /truststores/rds.pem /etc/ssl/certs/rds.pem
COPY --from=source /source/manage.py /source/mod_wsgi.conf /source/LICENSE /home/django/
COPY --from=source /source/cvat /home/django/cvat
COPY --from=source /source/utils /home/django/utils

ENV PATH=/opt/venv/bin:${PATH} \
    DJANGO_SETTINGS_MODULE=cvat_aws.settings \
    HOME=/home/django USER=django LANG=C.UTF-8 LC_ALL=C.UTF-8 TZ=Etc/UTC \
    PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 MPLCONFIGDIR=/tmp/matplotlib TF_CPP_MIN_LOG_LEVEL=2

WORKDIR /home/django
# The code stays root's; these are what a process may write, and in ECS, where the root file system is read-only, only
# /tmp and the mounted folders. `static` is filled here, with settings that name no real service and a key that is gone
# with this step.
RUN install -d -o django -g django data share keys logs static \
    && python -m compileall -q cvat utils \
    && DJANGO_SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" \
       CVAT_BASE_URL=http://localhost CVAT_POSTGRES_HOST=none CVAT_POSTGRES_USER=none CVAT_POSTGRES_PASSWORD=none \
       CVAT_REDIS_HOST=none python manage.py collectstatic --no-input --verbosity 0 \
    && rm -rf data/* /tmp/* && chown -R django:django data logs static /tmp

ARG CVAT_COMMIT=c48411ae5014aac4441aa03da8944fbd4373b312
ARG SERIES_DIGEST=222b1f0b9d3598bd509797db9f2b7ac40f5f48bcf5bee1985e6835d81da150e5
LABEL org.opencontainers.image.title="CVAT server for AWS" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${CVAT_COMMIT}" \
      com.amazonaws.cvat.series="${SERIES_DIGEST}"

# Fargate gives the empty volume that a task mounts there the owner and the mode of this folder; without VOLUME it would
# be root's, and closed to others (ECS developer guide, "Use bind mounts").
VOLUME ["/tmp"]
USER 1000:1000
EXPOSE 8080
STOPSIGNAL SIGTERM
# For a web container; the others override it with the health of their process, which is that it runs.
HEALTHCHECK --interval=30s --timeout=6s --start-period=120s --retries=3 CMD ["python", "-m", "cvat_aws", "health"]
ENTRYPOINT ["python", "-m", "cvat_aws"]
CMD ["web"]
