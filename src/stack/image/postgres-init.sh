#!/bin/sh
# Runs once, in the first start of an empty cluster, as its superuser: the role and the database of the application, which
# is no superuser. psql reads the password from the file itself, so that it stands in no argument and in no environment.
set -e
CLINIC_PASSWORD_FILE="${CLINIC_PASSWORD_FILE:-/run/secrets/postgres_password}"
export CLINIC_PASSWORD_FILE
psql -X -q -v ON_ERROR_STOP=1 -U "${POSTGRES_USER:-postgres}" -d postgres -f - <<'SQL'
\set password `cat "$CLINIC_PASSWORD_FILE"`
create role clinic login nosuperuser nocreatedb nocreaterole password :'password';
-- Its log repeats no value of a statement that failed: citizens' numbers are among them.
alter role clinic set log_error_verbosity = terse;
create database clinic owner clinic;
revoke connect on database clinic from public;
SQL
