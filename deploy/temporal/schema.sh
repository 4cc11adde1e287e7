#!/bin/sh
# One-shot, repeatable: makes or updates the engine's tables. Run it with the new version before the server of that version.
set -eu
SQL_PASSWORD="$(cat /run/secrets/postgres_temporal_password)"
export SQL_PASSWORD
for database in temporal:temporal temporal_visibility:visibility; do
  temporal-sql-tool --db "${database%%:*}" setup-schema -v 0.0
  temporal-sql-tool --db "${database%%:*}" update-schema -d "/etc/temporal/schema/postgresql/v12/${database##*:}/versioned"
done
