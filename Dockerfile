# One image for all of our processes: `cdc serve`, `cdc relay run` and the one-shot steps of
# docker-compose-cdc.yml.
FROM python:3.12.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    CDC_STACK__DIR=/var/lib/headworks

RUN groupadd --gid 10001 headworks \
    && useradd --uid 10001 --gid headworks --no-create-home --home-dir /var/lib/headworks headworks \
    && install --directory --owner=headworks --group=headworks --mode=0700 /var/lib/headworks

WORKDIR /app

# Dependencies first: this layer changes only with the lock file.
COPY requirements.lock ./
RUN pip install --require-hashes -r requirements.lock

# Editable, so that the files mounted over /app (mysql/, connectors/, schemas/) are the ones used.
COPY pyproject.toml README.md LICENSE ./
COPY cdc cdc
COPY registry registry
COPY mysql mysql
COPY connectors connectors
COPY schemas schemas
RUN pip install --no-deps --no-build-isolation --editable .

USER headworks
CMD ["cdc", "serve"]
