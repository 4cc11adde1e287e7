#!/bin/sh
# One-shot, repeatable: the namespace and the search attributes by which operators find deliveries. Sealpost registers the
# attributes itself at its start as well. Here they exist before the first worker polls.
set -eu
: "${TEMPORAL_NAMESPACE:=sealpost}"
: "${RETENTION:=72h}"
temporal operator namespace describe --namespace "$TEMPORAL_NAMESPACE" >/dev/null 2>&1 ||
  temporal operator namespace create --namespace "$TEMPORAL_NAMESPACE" --retention "$RETENTION"
# A namespace can be described a little before every part of the server knows it.
tries=0
until known="$(temporal operator search-attribute list --namespace "$TEMPORAL_NAMESPACE" 2>/dev/null)"; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || { echo "namespace $TEMPORAL_NAMESPACE does not answer after two minutes: read the log of temporal" >&2; exit 1; }
  sleep 2
done
for name in WebhookStatus WebhookSubscription WebhookGroup WebhookEventType WebhookEventId; do
  echo "$known" | grep -qw "$name" ||
    temporal operator search-attribute create --namespace "$TEMPORAL_NAMESPACE" --name "$name" --type Keyword
done
