/** Every metric of the service, by subject. Labels hold classes and states only: no id, no URL, no payload. */
import { Counter, Gauge, Histogram, Registry, collectDefaultMetrics } from "prom-client";
import { endpointMetrics } from "./endpoint-metrics.js";
import type { RowRefusal } from "./store/grants/refusals.js";
import { noticeMetrics } from "./notice-metrics.js";
import { OUTCOMES } from "./endpoint/outcomes.js";
import { retentionMetrics } from "./retention-metrics.js";

export type Metrics = ReturnType<typeof createMetrics>;

const SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** A registry with the metrics of one process. */
export function createMetrics() {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const metrics = {
    registry,
    ...publishMetrics(registers),
    ...deliveryMetrics(registers),
    ...endpointMetrics(registers),
    ...loadMetrics(registers),
    ...retentionMetrics(registers),
    ...keyMetrics(registers),
    ...trustMetrics(registers),
    ...noticeMetrics(registers),
  };
  fromTheStart(metrics);
  return metrics;
}

/** The parts of our own side that may fail: what the label `part` may hold. */
export const OWN_PARTS = [
  "attempt",
  "audit",
  "catalogue",
  "codec",
  "day-keys",
  "erasures",
  "grants",
  "chat",
  "mail",
  "notices",
  "retention",
  "saml",
  "stats",
] as const;
/** What a start, an input or a result may lack or bring: what the label `purpose` may hold. */
const PURPOSES = ["activity", "internal", "legacy", "publisher", "operator", "none"] as const;
/** The collections whose rows are signed, and what may be wrong with a row (src/store/grants/signed-rows.ts). */
const SIGNED_COLLECTIONS = ["apiKeys", "groups", "samlConnections", "sessions"] as const;
const REFUSED_ROWS: readonly RowRefusal["why"][] = ["unsigned", "unknown_key", "forged", "outdated"];

/** Why a publish may be refused after it was read (PublishResult in src/api/dependencies.ts). */
const REFUSED_PUBLISHES = ["event_id_conflict", "erased", "unavailable"] as const;
/** What an event type may ask for when a payload is not as its schema says. */
const VALIDATIONS = ["enforce", "warn"] as const;
/** What a group or a host may do a number of times within a minute (src/api/access/limits.ts). */
const LIMITED = ["verify", "test", "drafts", "recoveries", "previews", "targets", "payloads", "audit"] as const;

/**
 * Every counter is there with 0, for each value that its label is known to have. `increase()` sees nothing in a series
 * that begins with its first failure, so exactly the first one would alert nobody.
 */
function fromTheStart(
  metrics: ReturnType<typeof deliveryMetrics> &
    Pick<ReturnType<typeof publishMetrics>, "refused" | "payloadsInvalid"> &
    Pick<ReturnType<typeof trustMetrics>, "ownFailures" | "unproven" | "grantsRefused" | "limitRefusals">,
): void {
  for (const code of REFUSED_PUBLISHES) metrics.refused.inc({ code }, 0);
  for (const validation of VALIDATIONS) metrics.payloadsInvalid.inc({ validation }, 0);
  for (const limit of LIMITED) metrics.limitRefusals.inc({ limit }, 0);
  for (const row of Object.values(OUTCOMES)) metrics.attempts.inc({ outcome_class: row.class }, 0);
  for (const status of ["delivered", "parked", "exhausted"]) metrics.deliveries.inc({ status }, 0);
  for (const part of OWN_PARTS) metrics.ownFailures.inc({ part }, 0);
  for (const purpose of PURPOSES) metrics.unproven.inc({ purpose }, 0);
  for (const collection of SIGNED_COLLECTIONS)
    for (const why of REFUSED_ROWS) metrics.grantsRefused.inc({ collection, why }, 0);
  metrics.grantsRefused.inc({ collection: "settings", why: "exchanged" }, 0);
}

/** A gauge is absent until it was read, and again when it cannot be read. 0 would say that all is well. */
function unread<T extends string>(gauge: Gauge<T>): Gauge<T> {
  gauge.remove();
  return gauge;
}

/** What publishers send. */
const publishMetrics = (registers: Registry[]) => ({
  accepted: new Counter({
    name: "sealpost_events_accepted_total",
    help: "Events made durable and answered with 202",
    registers,
  }),
  duplicates: new Counter({
    name: "sealpost_events_duplicate_total",
    help: "Publishes of an id that was accepted before",
    registers,
  }),
  refused: new Counter({
    name: "sealpost_events_refused_total",
    help: "Publishes that were refused, by problem code",
    labelNames: ["code"],
    registers,
  }),
  payloadsInvalid: new Counter({
    name: "sealpost_payloads_invalid_total",
    help: "Payloads that the schema of their event type does not allow, by what was done about it",
    labelNames: ["validation"],
    registers,
  }),
  batchSize: new Histogram({
    name: "sealpost_publish_batch_size",
    help: "Events in one workflow start",
    buckets: [1, 2, 5, 10, 20, 50, 100, 200, 500],
    registers,
  }),
  degraded: new Gauge({
    name: "sealpost_degraded",
    help: "1 for a part that did not answer the last readiness check, while publishes are still accepted",
    labelNames: ["part"],
    registers,
  }),
  backlog: new Gauge({
    name: "sealpost_publish_backlog",
    help: "Accepted events of this process whose workflow is not started yet. At PUBLISH_BACKLOG_MAX publishes wait",
    registers,
  }),
});

/** What consumers get. */
const deliveryMetrics = (registers: Registry[]) => ({
  deliveries: new Counter({
    name: "sealpost_deliveries_total",
    help: "Deliveries by the status they reached",
    labelNames: ["status"],
    registers,
  }),
  parked: new Counter({
    name: "sealpost_parked_total",
    help: "Deliveries parked because the consumer refused the data",
    registers,
  }),
  dispatched: new Counter({
    name: "sealpost_events_dispatched_total",
    help: "Events whose dispatch has ended, whether or not a subscription was there to send them to",
    registers,
  }),
  attempts: new Counter({
    name: "sealpost_attempts_total",
    help: "HTTP attempts by outcome class",
    labelNames: ["outcome_class"],
    registers,
  }),
  attemptSeconds: new Histogram({
    name: "sealpost_attempt_duration_seconds",
    help: "Duration of an attempt",
    buckets: SECONDS,
    registers,
  }),
  earlyUnderWay: new Gauge({
    name: "sealpost_early_attempts",
    help: "First attempts under way that left before the workflow of their event was started",
    registers,
  }),
  latencySeconds: new Histogram({
    name: "sealpost_delivery_latency_seconds",
    help: "From acceptance to a 2xx of the consumer",
    buckets: [...SECONDS, 60, 300, 3_600, 86_400],
    registers,
  }),
  oldestUndelivered: unread(
    new Gauge({
      name: "sealpost_oldest_undelivered_seconds",
      help: "Age of the oldest delivery that is neither settled nor parked. Absent while it is not known",
      registers,
    }),
  ),
  oldestOverdue: unread(
    new Gauge({
      name: "sealpost_oldest_overdue_seconds",
      help:
        "How long the delivery waits for Sealpost that waits longest: for its first attempt since it was recorded, " +
        "or for its next one since that was due. Absent while it is not known",
      registers,
    }),
  ),
});

/** What is under way at once in this process: what the label `kind` may hold. */
export type InFlight =
  "dispatches" | "reruns" | "attempts" | "unrecorded" | "retries" | "paced_retries" | "store_calls";

/** What bounds the work of a process. */
const loadMetrics = (registers: Registry[]) => ({
  inFlight: new Gauge<"kind">({
    name: "sealpost_in_flight",
    help: "Work of this process under way now, by kind",
    labelNames: ["kind"],
    registers,
  }),
  inFlightLimit: new Gauge<"kind">({
    name: "sealpost_in_flight_limit",
    help: "Most work of a kind that may be under way at once in this process. Past it work waits, oldest first",
    labelNames: ["kind"],
    registers,
  }),
  waiting: new Gauge<"kind">({
    name: "sealpost_waiting",
    help: "Work of this process that waits for its place, by kind",
    labelNames: ["kind"],
    registers,
  }),
});

/** Keys and certificates that end. */
const keyMetrics = (registers: Registry[]) => ({
  samlCertificateExpiry: unread(
    new Gauge({
      name: "sealpost_saml_certificate_expiry_seconds",
      help:
        "Seconds until a SAML connection has no valid certificate any more, for the connection that " +
        "is first. +Inf without connections. Absent while it is not known",
      registers,
    }),
  ),
  dayKeysDestroyed: new Counter({
    name: "sealpost_day_keys_destroyed_total",
    help: "Day keys of Temporal payloads destroyed because their histories have expired",
    registers,
  }),
  dayKeysHeldBack: unread(
    new Gauge({
      name: "sealpost_day_keys_held_back",
      help: "Day keys that are due to be destroyed and cannot be, because something old is still in the engine",
      registers,
    }),
  ),
  clientCertificateEnd: unread(
    new Gauge({
      name: "sealpost_client_certificate_end_timestamp_seconds",
      help: "When the first client certificate ends, in seconds since the epoch. 0 without any",
      registers,
    }),
  ),
});

/** What was refused because it could not be believed, or was too much. */
const trustMetrics = (registers: Registry[]) => ({
  unproven: new Counter({
    name: "sealpost_unproven_total",
    help:
      "Workflow starts, and inputs or results of activities, that did not prove who made them. " +
      "Nothing was sent for them",
    labelNames: ["purpose"],
    registers,
  }),
  grantsRefused: new Counter({
    name: "sealpost_grants_refused_total",
    help:
      "Rows that grant power and were refused, because they were not signed by this service, were " +
      "changed, or were put back",
    labelNames: ["collection", "why"],
    registers,
  }),
  grantsSigned: new Gauge({
    name: "sealpost_grants_signed",
    help: "1 if a row without a signature is refused. 0 if npm run grants:sign has not been run yet",
    registers,
  }),
  limitRefusals: new Counter({
    name: "sealpost_limit_refusals_total",
    help: "Acts refused with 429 because their group or host had too many within a minute, by limit",
    labelNames: ["limit"],
    registers,
  }),
  ownFailures: new Counter({
    name: "sealpost_own_failures_total",
    help: "Failures of our own side (store, keys, engine). They never spend a consumer's attempts",
    labelNames: ["part"],
    registers,
  }),
});
