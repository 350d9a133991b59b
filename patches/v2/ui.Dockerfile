# CVAT v2's published interface, from the account's own ECR, by digest, but for two things. Its nginx keeps an idle
# connection longer than a load balancer does, or users see a 502 now and then. And its page asks no Google for fonts:
# where a network drops such calls, browsers show nothing until they give up.
ARG CVAT_REGISTRY=docker.io
ARG CVAT_UI=cvat/ui:v2.73.0
# hadolint ignore=DL3006 # the argument has a tag, and a digest where mirror/images.lock has one
FROM ${CVAT_REGISTRY}/${CVAT_UI}
# hadolint ignore=DL3002 # until the last lines, which go back to the image's own user
USER 0:0
RUN sed -i 's/^server {$/server {\n    keepalive_timeout 4060s;/' /etc/nginx/conf.d/default.conf \
    && grep -q 'keepalive_timeout 4060s;' /etc/nginx/conf.d/default.conf \
    && sed -i 's#<link[^>]*//fonts\.g[^>]*>##g' /usr/share/nginx/html/index.html \
    && ! grep -q 'fonts\.g' /usr/share/nginx/html/index.html \
    && chown 101:101 /tmp
VOLUME ["/tmp"]
USER 101:101
EXPOSE 8000
STOPSIGNAL SIGQUIT
