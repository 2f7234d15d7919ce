# `upskeep fleet …` in an image: docker build -f deploy/fleet.Dockerfile -t upskeep/fleet . (docs/fleet.md)
FROM python:3.13-slim
COPY . /src
RUN sed -E '/--hash=/d; s/ \\$//' /src/requirements.lock > /versions \
 && pip install --quiet --no-cache-dir --disable-pip-version-check -c /versions '/src[fleet]' \
 && rm -rf /src /versions \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin upskeep
USER 10001:10001
ENTRYPOINT ["upskeep"]
