/**
 * Completes acts without a recorded outcome. Their process died in between, or the store went away. It runs at the
 * start and then regularly. The state that the act has left shows the outcome. If it does not, then the record says
 * `unknown`. No act is dropped.
 */
import type { Logger } from "pino";
import { byTheClock } from "../../by-the-clock.js";
import type { Metrics } from "../../metrics.js";
import { completeAct } from "../../store/audit/acts.js";
import type { AuditEntry } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import { isGone } from "../process/process-name.js";

export interface ActKeeperDependencies {
  store: Store;
  metrics: Pick<Metrics, "ownFailures">;
  log: Pick<Logger, "warn">;
  /** Milliseconds between two looks. */
  everyMs?: number;
  now?: () => number;
}

const EVERY_MS = 30_000;
/** Of a process that cannot be asked, on another machine. No request of an administrator takes so long. */
const SURELY_OVER_MS = 10 * 60_000;

/**
 * Looks at once and then by the clock. The first look is waited for, so that a start leaves nothing of the process
 * before it open.
 */
export async function startActKeeper(dependencies: ActKeeperDependencies): Promise<{ stop(): void }> {
  const { metrics, log, everyMs = EVERY_MS } = dependencies;
  const look = async (): Promise<void> => {
    await completeActs(dependencies).catch((error: unknown) => {
      metrics.ownFailures.inc({ part: "audit" });
      log.warn({ err: error }, "acts without an outcome could not be completed; tried again soon");
    });
  };
  await look();
  const clock = byTheClock(everyMs, look);
  return { stop: () => void clock.stop() };
}

/** Completes what cannot be under way any more. Gives how many. @throws StoreError */
export async function completeActs({
  store,
  log,
  now = Date.now,
}: Pick<ActKeeperDependencies, "store" | "log" | "now">): Promise<number> {
  let completed = 0;
  for (const intent of await store.audit.unsettled()) {
    if (!isOver(intent, now()) || !(await completeAct(store, intent))) continue;
    completed++;
    log.warn(
      { intent: intent.id, actor: intent.actor, subject: intent.subject, operation: intent.detail?.["operation"] },
      "an act had no outcome on record and was completed",
    );
  }
  return completed;
}

/** A process of this machine can be looked up. For any other, only time shows that it has ended. */
function isOver({ at, detail }: AuditEntry, now: number): boolean {
  if (now - at.getTime() > SURELY_OVER_MS) return true;
  const process = detail?.["process"];
  return typeof process === "string" && isGone(process);
}
