# One image per service: docker build --build-arg SERVICE=alerter .
# An image holds that service's code, `shared`, and the packages of that service's group in pyproject.toml.

FROM python:3.13-slim AS packages
ARG SERVICE
WORKDIR /build
COPY pyproject.toml requirements.lock ./
RUN test -n "$SERVICE" || { echo "say which service: --build-arg SERVICE=alerter" >&2; exit 1; }
RUN python -m venv --without-pip /opt/venv
# pip takes versions from a constraints file but not hashes. So: resolve the group under the lock's versions,
# cut the lock down to what came out, and install exactly that, every file checked against the lock's hashes.
RUN sed -E '/--hash=/d; s/ \\$//' requirements.lock > versions.txt \
 && pip --python /opt/venv/bin/python install --quiet --disable-pip-version-check --dry-run \
      --report wanted.json -c versions.txt --group "pyproject.toml:$SERVICE" \
 && python -c "import json, re; \
      plain = lambda name: re.sub(r'[-_.]+', '-', name).lower(); \
      wanted = {plain(item['metadata']['name']) for item in json.load(open('wanted.json'))['install']}; \
      entries = re.split(r'\n(?=\S)', open('requirements.lock').read()); \
      print(*(entry for entry in entries if plain(entry.split('==')[0]) in wanted), sep='\n')" > exact.lock \
 && pip --python /opt/venv/bin/python install --quiet --disable-pip-version-check --no-cache-dir \
      --no-deps --require-hashes -r exact.lock

FROM python:3.13-slim
ARG SERVICE
ARG VERSION=local
ARG REVISION=unknown
LABEL org.opencontainers.image.title="upskeep/$SERVICE" \
      org.opencontainers.image.description="Watches UPS power and room climate hardware over MQTT and counts every event exactly once." \
      org.opencontainers.image.licenses=MIT \
      org.opencontainers.image.version=$VERSION \
      org.opencontainers.image.revision=$REVISION
RUN groupadd --gid 10001 upskeep \
 && useradd --uid 10001 --gid 10001 --home-dir /data --no-create-home --shell /usr/sbin/nologin upskeep \
 && install -d -o upskeep -g upskeep -m 0750 /data
WORKDIR /app
COPY --from=packages /opt/venv /opt/venv
COPY shared shared
COPY services/__init__.py services/
COPY services/$SERVICE services/$SERVICE
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 \
    SERVICE=$SERVICE UPSKEEP_CONFIG=/config UPSKEEP_SUITE__DATA=/data
RUN python -m compileall -q shared services
USER 10001:10001
# Healthy: in the last 30 s the service's loop turned, with a broker to talk to and a ledger that can be written. It says
# so by a file (shared/process.py); to look at the file's age costs a few milliseconds, where starting Python costs seconds.
HEALTHCHECK --interval=10s --timeout=10s --start-period=120s --retries=3 \
  CMD ["/bin/sh", "-c", "find /tmp -maxdepth 1 -name 'upskeep-*.alive' -newermt '-30 seconds' | grep -q ."]
ENTRYPOINT ["/bin/sh", "-c", "exec python -m \"services.$SERVICE\" \"$@\"", "upskeep"]
