#!/bin/bash
# PostgreSQL refuses a private key that others can read, and mounted secrets keep the host's mode: copied to memory first.
set -euo pipefail
rm -f /run/keys/postgres.key
install -m 0400 /run/secrets/postgres_key /run/keys/postgres.key
exec docker-entrypoint.sh "$@"
