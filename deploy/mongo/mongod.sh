#!/bin/bash
# Starts one member. mongod refuses key files that others can read, and mounted secrets keep the host's mode.
# So they are copied to memory (tmpfs) with mode 0400 first. All options stand in docker-compose.yml.
set -euo pipefail
for name in mongo_cluster_key mongo_encryption_key mongo_server; do
  rm -f "/run/keys/$name"
  install -m 0400 "/run/secrets/$name" "/run/keys/$name"
done
exec "$@"
