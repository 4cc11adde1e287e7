/**
 * Events whose payload travels in the start of their workflow. This is the way while the store takes no records. The
 * start is the durable write then, and the dispatch makes the records later. Only ids that this process made go this
 * way, because nobody else can own them. Publishers of ids of their own are asked to come again.
 */
import { newId } from "../../../store/ids.js";
import type { PublishedEvent } from "../../../workflows/contract.js";
import { escapeEventId } from "../../../workflows/event-id.js";
import type { StartOutcome } from "./start-workflow.js";
import { eventBodyOf, leastLeft, unavailable, type Waiting } from "./waiting-event.js";

/** Most payload bytes in one start. Temporal warns above 512 KiB a payload and refuses 2 MiB. */
const START_BYTES = 512 * 1024;

export interface CarriedDependencies {
  settings: { batchMax: number; startsInFlight: number };
  start: (order: { workflowId: string; events: PublishedEvent[]; ms: number }) => Promise<StartOutcome>;
  /** Told the events of each start, once the engine has said what it made of it. */
  onStarted: (waiting: Waiting[], start: { workflowId: string; accepted: boolean }) => void;
}

/** An event that travels, with the workflow it must get when it replaces a lost owner. */
interface Carried {
  waiting: Waiting;
  workflowId?: string;
}

/** Takes events and answers them once their start is acknowledged, or refused. */
export function createCarried({ settings, start, onStarted }: CarriedDependencies) {
  const queue: Carried[] = [];
  let starts = 0;

  async function run(some: Carried[]): Promise<void> {
    const [first] = some;
    if (!first) return;
    const waiting = some.map((each) => each.waiting);
    const alone = some.length === 1 ? escapeEventId(first.waiting.event.id) : newId("batch");
    const workflowId = first.workflowId ?? alone;
    const ms = leastLeft(waiting);
    const events = waiting.map(({ event, payload }) => ({ ...event, body: eventBodyOf(payload) }));
    const outcome = ms > 0 ? await start({ workflowId, events, ms }) : "unavailable";
    onStarted(waiting, { workflowId, accepted: outcome !== "unavailable" });
    for (const { resolve, event } of waiting)
      resolve(
        outcome === "unavailable"
          ? unavailable(event.id)
          : { ok: true, id: event.id, duplicate: outcome === "exists" || first.workflowId !== undefined },
      );
  }
  function pump(): void {
    while (queue.length > 0 && starts < settings.startsInFlight) {
      starts++;
      void run(takeSome(queue, settings.batchMax)).finally(() => {
        starts--;
        pump();
      });
    }
  }
  return {
    add(waiting: Waiting, workflowId?: string): void {
      queue.push({ waiting, ...(workflowId !== undefined && { workflowId }) });
      pump();
    },
  };
}

function takeSome(queue: Carried[], batchMax: number): Carried[] {
  let bytes = 0;
  let count = 0;
  for (const { waiting, workflowId } of queue) {
    const size = waiting.payload.byteLength;
    // A start that replaces a lost owner keeps its own workflow id, so it travels alone.
    if (count > 0 && (bytes + size > START_BYTES || count >= batchMax || workflowId !== undefined)) break;
    bytes += size;
    count++;
    if (workflowId !== undefined) break;
  }
  return queue.splice(0, count);
}
