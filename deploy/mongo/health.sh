#!/bin/bash
# Healthy: the member answers over TLS. It need not be primary, nor have joined yet: the init job waits for this first.
exec mongosh --quiet --norc --host localhost --port 27017 --tls \
  --tlsCAFile /run/secrets/internal_ca --tlsCertificateKeyFile /run/keys/mongo_server \
  --eval 'quit(db.hello().ok === 1 ? 0 : 1)' >/dev/null
