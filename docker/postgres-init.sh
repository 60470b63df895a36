#!/bin/bash
# Postgres runs this once, on an empty volume, after roles.sql: the roles' passwords, and the database.
set -euo pipefail
: "${POSTGRES_OWNER_PASSWORD:?}" "${POSTGRES_APP_PASSWORD:?}" "${POSTGRES_OPERATOR_PASSWORD:?}"
psql --no-psqlrc --set ON_ERROR_STOP=1 --username "$POSTGRES_USER" --dbname postgres <<'SQL'
\getenv owner_password POSTGRES_OWNER_PASSWORD
\getenv app_password POSTGRES_APP_PASSWORD
\getenv operator_password POSTGRES_OPERATOR_PASSWORD
ALTER ROLE flipdash_owner PASSWORD :'owner_password';
ALTER ROLE flipdash_app PASSWORD :'app_password';
ALTER ROLE flipdash_operator PASSWORD :'operator_password';
CREATE DATABASE flipdash OWNER flipdash_owner;
\connect flipdash
CREATE EXTENSION pg_stat_statements;
SQL
