#!/bin/sh
# Makes every secret that docker-compose.yml mounts, with openssl alone.
#
#   deploy/make-secrets.sh [host name of the API, default localhost]     all of them. It refuses to overwrite anything
#   deploy/make-secrets.sh --renew-certificates [host name]              new certificates from the same CA
#
# SEALPOST_SECRETS_DIR names the folder (default: deploy/secrets, git-ignored). The folder is readable by its owner only.
# The files in it are world-readable, because Compose mounts them with the host's mode into containers of other users.
set -eu
umask 022
cd "$(dirname "$0")"
dir="${SEALPOST_SECRETS_DIR:-$PWD/secrets}"
renew=no
if [ "${1:-}" = --renew-certificates ]; then renew=yes; shift; fi
host="${1:-localhost}"

case "$host" in *[!A-Za-z0-9.-]*|'') echo "\"$host\" is not a host name" >&2; exit 2 ;; esac
command -v openssl >/dev/null || { echo "openssl is needed and was not found" >&2; exit 2; }

if [ "$renew" = yes ]; then
  [ -f "$dir/ca.key" ] || { echo "$dir/ca.key is not there: nothing to renew from; run this without --renew-certificates" >&2; exit 1; }
elif [ -d "$dir" ] && [ -n "$(ls -A "$dir")" ]; then
  echo "$dir holds secrets already and is left as it is. To start afresh move it away; without its master keys nothing stored can be read again." >&2
  exit 1
fi
mkdir -p "$dir"
chmod 700 "$dir"

work="$(mktemp -d "$dir/.making.XXXXXX")"
trap 'rm -rf "$work"' EXIT INT TERM

# put NAME: standard input becomes the secret NAME, complete or not at all.
put() { cat >"$work/put"; chmod 444 "$work/put"; mv -f "$work/put" "$dir/$1"; }
random_hex() { openssl rand -hex 32; }

# certificate NAME COMMON_NAME UNIT EXTENDED_USAGE SUBJECT_ALT_NAMES: NAME.crt and NAME.key in the work folder, signed by the CA.
certificate() {
  openssl ecparam -name prime256v1 -genkey -noout -out "$work/raw.key"
  openssl pkcs8 -topk8 -nocrypt -in "$work/raw.key" -out "$work/$1.key"
  openssl req -new -key "$work/$1.key" -subj "/O=Sealpost/OU=$3/CN=$2" -out "$work/request"
  {
    echo "basicConstraints=critical,CA:FALSE"
    echo "keyUsage=critical,digitalSignature"
    echo "extendedKeyUsage=$4"
    echo "subjectAltName=$5"
  } >"$work/extensions"
  # 397 days: what the strictest clients still take.
  openssl x509 -req -sha256 -days 397 -in "$work/request" -CA "$dir/internal_ca" -CAkey "$dir/ca.key" \
    -set_serial "0x$(openssl rand -hex 16)" -extfile "$work/extensions" -out "$work/$1.crt" 2>/dev/null
}

if [ "$renew" = no ]; then
  # The CA of everything inside. Its key is mounted nowhere. Keep it with the backups, or away from this machine.
  openssl ecparam -name prime256v1 -genkey -noout -out "$work/raw.key"
  openssl pkcs8 -topk8 -nocrypt -in "$work/raw.key" -out "$work/ca.key"
  printf '[req]\ndistinguished_name=dn\nx509_extensions=ext\nprompt=no\n[dn]\nO=Sealpost\nCN=Sealpost internal CA\n[ext]\nbasicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign\nsubjectKeyIdentifier=hash\n' >"$work/ca.cnf"
  openssl req -x509 -new -sha256 -days 3650 -key "$work/ca.key" -config "$work/ca.cnf" -out "$work/ca.crt"
  put internal_ca <"$work/ca.crt"
  put ca.key <"$work/ca.key"
  chmod 400 "$dir/ca.key"

  # What seals everything. Lost: nothing stored can be read again, by anybody.
  printf 'k%s:%s\n' "$(date -u +%Y%m%d%H%M)" "$(openssl rand -base64 32)" | put sealpost_master_keys
  # 32 random bytes in base64url, as `npm run admin-key` makes them.
  printf 'sp_admin_%s\n' "$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=\n')" | put sealpost_admin_key
  # mongod reads 32 bytes in base64. The cluster key may have 6 to 1,024 characters.
  openssl rand -base64 32 | put mongo_encryption_key
  openssl rand -base64 540 | tr -d '\n' | put mongo_cluster_key
  random_hex | put mongo_admin_password
  random_hex | put postgres_password
  random_hex | put postgres_temporal_password
  sealpost_password="$(random_hex)"
  printf '%s\n' "$sealpost_password" | put mongo_sealpost_password
  printf 'mongodb://sealpost:%s@mongo1:27017,mongo2:27017,mongo3:27017/?replicaSet=rs0&authSource=admin&tls=true&tlsCAFile=/run/secrets/internal_ca&tlsCertificateKeyFile=/run/secrets/sealpost_mongo_client&w=majority&journal=true&retryWrites=true\n' \
    "$sealpost_password" | put sealpost_mongodb_url
fi

# Empty: no mail is sent. An operator writes smtp://user:password@host:587 into it.
[ -f "$dir/smtp_url" ] || printf '' | put smtp_url

both=serverAuth,clientAuth
certificate mongo mongo mongo "$both" "DNS:mongo1,DNS:mongo2,DNS:mongo3,DNS:localhost,IP:127.0.0.1"
cat "$work/mongo.crt" "$work/mongo.key" | put mongo_server
certificate admin admin operator clientAuth DNS:mongo-admin
cat "$work/admin.crt" "$work/admin.key" | put mongo_admin_client
certificate client sealpost sealpost clientAuth DNS:sealpost
cat "$work/client.crt" "$work/client.key" | put sealpost_mongo_client
put temporal_client_certificate <"$work/client.crt"
put temporal_client_key <"$work/client.key"
# The engine's parts talk to each other with the same certificate, so it is a client's too.
certificate temporal temporal temporal "$both" "DNS:temporal,DNS:localhost,IP:127.0.0.1"
put temporal_server_certificate <"$work/temporal.crt"
put temporal_server_key <"$work/temporal.key"
certificate operator temporal-operator operator clientAuth DNS:temporal-operator
put temporal_operator_certificate <"$work/operator.crt"
put temporal_operator_key <"$work/operator.key"
certificate postgres postgres postgres serverAuth DNS:postgres
put postgres_certificate <"$work/postgres.crt"
put postgres_key <"$work/postgres.key"

# Only a certificate of our own CA is renewed here: one that a public CA issued stays where the operator put it.
if [ ! -f "$dir/edge_certificate" ] || openssl verify -CAfile "$dir/internal_ca" "$dir/edge_certificate" >/dev/null 2>&1; then
  certificate edge "$host" edge serverAuth "DNS:$host"
  cat "$work/edge.crt" "$dir/internal_ca" "$work/edge.key" | put edge_certificate
fi

if [ "$renew" = yes ]; then
  echo "Certificates renewed in $dir for 397 days. Restart: docker compose up -d --force-recreate"
else
  echo "Secrets made in $dir. Two things to do now:"
  echo "  1. copy sealpost_master_keys, mongo_encryption_key and ca.key to a safe place off this machine: without them backups cannot be read"
  echo "  2. put the certificate of a public CA for $host (chain and key in one PEM file) into edge_certificate; until then it is signed by internal_ca"
fi
