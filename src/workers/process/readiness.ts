/** Whether a publish would be accepted now, and what does not answer meanwhile. */
import proto from "@temporalio/proto";
import type { Degraded, Readiness } from "../../api/readiness.js";
import type { Store } from "../../store/store.js";
import { TASK_QUEUE } from "../../workflows/contract.js";
import type { TemporalLink } from "../temporal.js";

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
/** A worker that polled within this time counts as there; Temporal's long polls last a minute. */
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

async function degradedParts({
  link,
  workerState,
  taskQueue = TASK_QUEUE,
}: ReadinessDependencies): Promise<readonly Degraded[]> {
  const { workflowService } = link.connection;
  const { namespace } = link;
  const within = <T>(ask: () => Promise<T>): Promise<T> =>
    link.client.withDeadline(Date.now() + CHECK_DEADLINE_MS, ask);
  try {
    if (workerState) {
      await within(() => workflowService.describeNamespace({ namespace }));
      return [];
    }
    const { pollers } = await within(() =>
      workflowService.describeTaskQueue({
        namespace,
        taskQueue: { name: taskQueue },
        taskQueueType: proto.temporal.api.enums.v1.TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
      }),
    );
    const seen = (pollers ?? []).some(
      ({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1_000 < POLLER_SEEN_MS,
    );
    return seen ? [] : ["workers"];
  } catch {
    return ["temporal"];
  }
}
