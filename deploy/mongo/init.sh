#!/bin/bash
# One-shot, repeatable: makes the replica set, the administrator and Sealpost's own user.
# Runs in mongo1's network namespace: MongoDB lets the first user be made from its own loopback address only.
set -euo pipefail
exec mongosh --quiet --norc --host localhost --port 27017 --tls \
  --tlsCAFile /run/secrets/internal_ca --tlsCertificateKeyFile /run/secrets/mongo_admin_client \
  --file /deploy/init.js
