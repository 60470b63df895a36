# FlipDash for production. One image runs web, worker, beat and migrate: docker-compose.yml says which.
# Python and Debian are those on which the tests run.
FROM python:3.11-slim-bookworm AS packages
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements/production.txt /requirements.txt
RUN python -m venv /venv \
    && /venv/bin/pip install --require-hashes --no-deps --only-binary :all: --requirement /requirements.txt

FROM python:3.11-slim-bookworm
# What WeasyPrint needs for PDF, letters to write it with, and those of the pages
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fonts-dejavu-core \
        fonts-inter \
        fonts-liberation \
        libharfbuzz-subset0 \
        libpango-1.0-0 \
        libpangoft2-1.0-0 \
    && rm -rf /var/lib/apt/lists/*
RUN groupadd --gid 10001 flipdash \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin flipdash \
    && install -d -o 10001 -g 10001 -m 0750 /data
COPY --from=packages /venv /venv
WORKDIR /app
COPY . .
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    HOME=/tmp \
    BIND=0.0.0.0:8000 \
    FLIPDASH_DATA=/data
# The values are for this step alone; nothing is reached and nothing of them stays.
RUN SECRET_KEY=for-this-step-alone-and-never-again SEALING_KEYS=$(printf '0%.0s' $(seq 64)) \
    ALLOWED_HOSTS=build SITE_URL=https://build \
    DATABASE_URL=postgres://build/build DATABASE_OWNER_URL=postgres://build/build \
    DATABASE_OPERATOR_URL=postgres://build/build REDIS_URL=redis://build EMAIL_URL=smtp://build \
    python manage.py collectstatic --noinput --verbosity 0 \
    && python -m compileall -q .
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=6s --start-period=30s CMD ["bin/healthy", "live"]
CMD ["bin/web"]
