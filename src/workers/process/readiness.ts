/** Whether a publish would be accepted now, and what does not answer meanwhile. */
import type { Degraded, Readiness } from "../../api/readiness.js";
import type { Store } from "../../store/store.js";
import type { TemporalLink } from "../temporal.js";
import { workflowPollers } from "./pollers.js";

export interface ReadinessDependencies {
  store: Store;
  link: TemporalLink;
  /** State of the worker in this process, where there is one. */
  workerState?: () => string;
  taskQueue?: string;
  /** Whether the process takes publishes while the engine is away: the backlog has room. */
  hasRoom?: () => boolean;
  /** Told what each check found. */
  onChecked?: (degraded: readonly Degraded[]) => void;
}

/** One check is shared by everybody who asks within this time. */
const FRESH_MS = 1_000;
const CHECK_DEADLINE_MS = 2_000;
/** A worker that polled within this time counts as there. Temporal's long polls last a minute. */
const POLLER_SEEN_MS = 120_000;

/** Gives a function that says whether the process is ready. It never rejects. */
export function createReadiness(dependencies: ReadinessDependencies): () => Promise<Readiness> {
  const { store, workerState, hasRoom = () => true } = dependencies;
  async function check(): Promise<Readiness> {
    try {
      await store.ping(CHECK_DEADLINE_MS);
    } catch {
      return { missing: "MongoDB does not acknowledge writes", degraded: [] };
    }
    if (workerState && workerState() !== "RUNNING")
      return { missing: `the worker is ${workerState().toLowerCase()}`, degraded: [] };
    const degraded = await degradedParts(dependencies);
    dependencies.onChecked?.(degraded);
    if (hasRoom()) return { degraded };
    const why = degraded.includes("temporal") ? "Temporal does not answer" : "workflows are started too slowly";
    return { missing: `${why}, and no more accepted events can be kept (PUBLISH_BACKLOG_MAX)`, degraded };
  }
  let last: { at: number; answer: Promise<Readiness> } | undefined;
  return () => {
    if (!last || Date.now() - last.at > FRESH_MS) last = { at: Date.now(), answer: check() };
    return last.answer;
  };
}

async function degradedParts({ link, workerState, taskQueue }: ReadinessDependencies): Promise<readonly Degraded[]> {
  try {
    if (workerState) {
      const { client, connection, namespace } = link;
      await client.withDeadline(Date.now() + CHECK_DEADLINE_MS, () =>
        connection.workflowService.describeNamespace({ namespace }),
      );
      return [];
    }
    const pollers = await workflowPollers(link, { ms: CHECK_DEADLINE_MS, ...(taskQueue && { taskQueue }) });
    const seen = pollers.some(
      ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < POLLER_SEEN_MS,
    );
    return seen ? [] : ["workers"];
  } catch {
    return ["temporal"];
  }
}
