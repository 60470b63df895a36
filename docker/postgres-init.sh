#!/bin/bash
# Postgres runs this once, on an empty volume: the three roles and the database, as devtools/local/postgres.py makes
# them on a laptop. The owner migrates and so makes the extensions; the app role serves and owns nothing;
# the operator may what the app role may, and sees every business.
set -euo pipefail
: "${POSTGRES_OWNER_PASSWORD:?}" "${POSTGRES_APP_PASSWORD:?}" "${POSTGRES_OPERATOR_PASSWORD:?}"
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password POSTGRES_OWNER_PASSWORD
\getenv app_password POSTGRES_APP_PASSWORD
\getenv operator_password POSTGRES_OPERATOR_PASSWORD
CREATE ROLE flipdash_owner LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS NOCREATEDB PASSWORD :'owner_password';
CREATE ROLE flipdash_app LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS NOCREATEDB PASSWORD :'app_password';
CREATE ROLE flipdash_operator LOGIN NOSUPERUSER NOCREATEROLE NOBYPASSRLS NOCREATEDB PASSWORD :'operator_password';
GRANT flipdash_app TO flipdash_operator;
CREATE DATABASE flipdash OWNER flipdash_owner;
REVOKE ALL ON DATABASE flipdash FROM PUBLIC;
-- TEMPORARY, because an import holds its rows in a temporary table until they are stored.
GRANT CONNECT, TEMPORARY ON DATABASE flipdash TO flipdash_app;
\connect flipdash
CREATE EXTENSION pg_stat_statements;
SQL
