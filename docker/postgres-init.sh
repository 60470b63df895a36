#!/bin/bash
# Postgres runs this once, on an empty volume: the two roles and the database, as flipdash/local/postgres.py makes
# them on a laptop. The owner migrates and so makes the extensions; the app role serves and owns nothing.
set -euo pipefail
: "${POSTGRES_OWNER_PASSWORD:?}" "${POSTGRES_APP_PASSWORD:?}"
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password POSTGRES_OWNER_PASSWORD
\getenv app_password POSTGRES_APP_PASSWORD
CREATE ROLE flipdash_owner LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS NOCREATEDB PASSWORD :'owner_password';
CREATE ROLE flipdash_app LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS NOCREATEDB PASSWORD :'app_password';
CREATE DATABASE flipdash OWNER flipdash_owner;
REVOKE ALL ON DATABASE flipdash FROM PUBLIC;
GRANT CONNECT ON DATABASE flipdash TO flipdash_app;
\connect flipdash
CREATE EXTENSION pg_stat_statements;
SQL
