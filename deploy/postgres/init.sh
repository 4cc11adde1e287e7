#!/bin/bash
# Run by the image once, when the data directory is empty: the engine's own user, who owns its two databases and nothing else.
set -euo pipefail
password="$(</run/secrets/postgres_temporal_password)"
psql -v ON_ERROR_STOP=1 --username postgres -v password="$password" <<'SQL'
CREATE ROLE temporal LOGIN PASSWORD :'password' NOSUPERUSER NOCREATEDB NOCREATEROLE;
CREATE DATABASE temporal OWNER temporal;
CREATE DATABASE temporal_visibility OWNER temporal;
REVOKE ALL ON DATABASE temporal FROM PUBLIC;
REVOKE ALL ON DATABASE temporal_visibility FROM PUBLIC;
SQL
