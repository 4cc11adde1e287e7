#!/bin/sh
# The server image takes its database password from the environment only. This reads it from the secret, for this process
# alone.
set -eu
POSTGRES_PWD="$(cat /run/secrets/postgres_temporal_password)"
export POSTGRES_PWD
exec /etc/temporal/entrypoint.sh
