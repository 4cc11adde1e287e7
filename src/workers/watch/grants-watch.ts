/** Reports refused rows that grant power to the operator: in the log, by a metric, and in the audit. */
import type { RowRefusal } from "../../store/grants/refusals.js";
import type { Core } from "../core.js";

/**
 * So many rows are named in the audit within a minute. Otherwise an attacker who writes to the database could fill it.
 */
const NAMED = 50;
const NAMED_FOR_MS = 60_000;
/** How often the metric takes in that rows are signed from now on. */
const LOOK_MS = 10_000;

/** Reports from now on until `stop()`. Rows that were refused before are reported at once. */
export function watchGrants({
  store,
  metrics,
  log,
  auditTally,
}: Pick<Core, "store" | "metrics" | "log" | "auditTally">): { stop(): void } {
  let named = new Set<string>();
  let since = 0;

  function subjectOf({ collection, id }: RowRefusal): string {
    if (Date.now() - since > NAMED_FOR_MS) {
      since = Date.now();
      named = new Set();
    }
    const subject = `${collection}/${id.slice(0, 100)}`;
    if (named.size < NAMED) named.add(subject);
    return named.has(subject) ? subject : `${collection}/others`;
  }

  store.grants.onRefused((refusal) => {
    metrics.grantsRefused.inc({ collection: refusal.collection, why: refusal.why });
    log.error(
      { collection: refusal.collection, id: refusal.id.slice(0, 100), why: refusal.why },
      "a row that grants power was not written by this service, or was put back, and is refused: " +
        "see docs/operations/runbook/integrity.md",
    );
    auditTally
      .record({
        actor: "service",
        action: "grant.refuse",
        subject: subjectOf(refusal),
        counts: {},
        names: { why: [refusal.why] },
      })
      .catch((error: unknown) => log.error({ err: error }, "a refused row is not on record"));
  });

  const look = (): void => metrics.grantsSigned.set(store.grants.marked ? 1 : 0);
  look();
  const timer = setInterval(look, LOOK_MS).unref();
  return { stop: () => clearInterval(timer) };
}
