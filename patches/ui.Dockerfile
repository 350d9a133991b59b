# CVAT's interface at one commit, with our patch series: compiled by webpack, served by nginx, which runs as a user.
# docs/images.md says how to build it and what it weighs.
ARG BASE_REGISTRY=docker.io/library

FROM ${BASE_REGISTRY}/node:16.20.2-bookworm-slim AS build
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ARG APT_MIRROR=http://deb.debian.org
# node's slim image has no CA certificates, so apt cannot verify an https mirror before it has installed them from there.
# Debian's signatures protect the packages all the same.
# hadolint ignore=DL3008 # Debian keeps one version of a package in a release; pins would only make builds fail
RUN find /etc/apt \( -name '*.list' -o -name '*.sources' \) \
        -exec sed -i "s|http://deb.debian.org|${APT_MIRROR%/}|g" {} + \
    && if [ ! -s /etc/ssl/certs/ca-certificates.crt ]; then \
         echo 'Acquire::https::Verify-Peer "false";' > /etc/apt/apt.conf.d/no-certificates-yet; \
       fi \
    && apt-get update && apt-get install -y --no-install-recommends ca-certificates git \
    && rm -rf /var/lib/apt/lists/* /etc/apt/apt.conf.d/no-certificates-yet
ARG CA_CERTIFICATES=
# Authorities of a corporate network: update-ca-certificates wants a file for each.
RUN if [ -n "${CA_CERTIFICATES}" ]; then \
        printf '%s\n' "${CA_CERTIFICATES}" | awk '/BEGIN CERTIFICATE/ { \
            file = sprintf("/usr/local/share/ca-certificates/corporate-%d.crt", ++count) } file { print > file }' \
        && update-ca-certificates; \
    fi
ENV NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt
ARG CVAT_REPOSITORY=https://github.com/opencv/cvat.git
ARG CVAT_COMMIT=c48411ae5014aac4441aa03da8944fbd4373b312
WORKDIR /source
RUN git init -q && git fetch -q --depth 1 "${CVAT_REPOSITORY}" "${CVAT_COMMIT}" && git checkout -q FETCH_HEAD
COPY series/ /series/
ARG SERIES_DIGEST=222b1f0b9d3598bd509797db9f2b7ac40f5f48bcf5bee1985e6835d81da150e5
RUN cat /series/series /series/*.patch | sha256sum | grep -q "^${SERIES_DIGEST} " \
    && while read -r patch; do git apply --whitespace=nowarn "/series/${patch}"; done < /series/series
# No package may run a script of its own: what CVAT locks needs none once node-sass is gone (series, 0005). Of the
# four libraries webpack takes the sources, so their own build tools stay away.
ARG NPM_REGISTRY=https://registry.npmjs.org
RUN npm config set registry "${NPM_REGISTRY}" \
    && for library in cvat-data cvat-core cvat-canvas cvat-canvas3d; do \
         npm ci --prefix "${library}" --ignore-scripts --omit=dev --legacy-peer-deps --no-audit --no-fund --loglevel=error \
           || exit 1; \
       done \
    && npm ci --prefix cvat-ui --ignore-scripts --legacy-peer-deps --no-audit --no-fund --loglevel=error \
    && npm cache clean --force
# Source maps are for CVAT's developers: four fifths of what webpack writes.
RUN npm run build --prefix cvat-ui && find cvat-ui/dist -name '*.map' -delete


FROM ${BASE_REGISTRY}/nginx:1.28.0-bookworm
SHELL ["/bin/bash", "-o", "pipefail", "-c"]
ARG APT_MIRROR=http://deb.debian.org
# Port 80 without root: the one capability that takes, on the one program. Containers have it in their bounding set
# by default, on Fargate too.
# hadolint ignore=DL3008
RUN find /etc/apt \( -name '*.list' -o -name '*.sources' \) \
        -exec sed -i "s|http://deb.debian.org|${APT_MIRROR%/}|g" {} + \
    && apt-get update && apt-get install -y --no-install-recommends libcap2-bin \
    && setcap cap_net_bind_service=+ep /usr/sbin/nginx \
    && rm -rf /var/lib/apt/lists/*
COPY ui.nginx.conf /etc/nginx/nginx.conf
COPY --from=build /source/cvat-ui/dist/ /usr/share/nginx/html/
COPY --from=build /source/LICENSE /usr/share/nginx/LICENSE

ARG CVAT_COMMIT=c48411ae5014aac4441aa03da8944fbd4373b312
ARG SERIES_DIGEST=222b1f0b9d3598bd509797db9f2b7ac40f5f48bcf5bee1985e6835d81da150e5
LABEL org.opencontainers.image.title="CVAT interface for AWS" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.revision="${CVAT_COMMIT}" \
      com.amazonaws.cvat.series="${SERIES_DIGEST}"

RUN chown 1000:1000 /tmp
USER 1000:1000
# Says so now, and not in production, if nginx cannot read its configuration as this user.
RUN nginx -t && rm -f /tmp/nginx.pid
# The only folder that it writes to. Fargate gives the task's volume the owner and the mode of this one (ECS developer
# guide, "Use bind mounts"); without VOLUME it would be root's, and closed to others.
VOLUME ["/tmp"]
EXPOSE 80
STOPSIGNAL SIGQUIT
HEALTHCHECK --interval=30s --timeout=5s --retries=3 \
    CMD ["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/80 && printf 'HEAD / HTTP/1.0\\r\\n\\r\\n' >&3 && grep -q ' 200 ' <&3"]
ENTRYPOINT ["nginx", "-g", "daemon off;"]
