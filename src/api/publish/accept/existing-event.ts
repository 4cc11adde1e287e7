/** What to answer when an event id is on record already: duplicate, conflict, erased, or an owner that never came. */
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import type { Logger } from "pino";
import { newId } from "../../../store/ids.js";
import type { EventRecord } from "../../../store/model.js";
import type { Store } from "../../../store/store.js";
import type { PublishResult } from "../../dependencies.js";
import { ANSWER_WITHIN_MS, sameContent, unavailable, type Waiting } from "./waiting-event.js";

/** Shortest time given to the engine's answer, however long the publish has waited already. */
const LEAST_LOOK_MS = 250;
const POLL_MS = 50;
/**
 * A record of an earlier release that is older than this and has no workflow has lost its owner. The process died
 * between the record and the start, whose deadline was 4 s. Dispatch checks the owner of every record older than
 * OWNER_TRUSTED_MS in src/activities/event-claims.ts, which is less.
 */
const OWNER_LOST_MS = 15_000;

/**
 * What a record alone says about one more publish of its id. `unknown`: an earlier release made it, and only the engine
 * knows whether its owner was ever started.
 */
export function answerOf(record: EventRecord, event: { sha256: string; type: string }): PublishResult | "unknown" {
  const { id } = record;
  // Without its hash it cannot be told whether the content is the same again. An event that was erased is not
  // delivered.
  if (record.expungedAt || record.sha256 === "") return { ok: false, id, code: "erased" };
  if (!sameContent(record, event)) return { ok: false, id, code: "event_id_conflict" };
  return record.protocol === 2 ? { ok: true, id, duplicate: true } : "unknown";
}

/** Settles publishes of ids that are on record. `restart` puts an event back into the queue under a new owner. */
export function createExistingEvents(
  { client, store, log }: { client: Client; store: Store; log: Logger },
  restart: (waiting: Waiting, owner: string) => void,
) {
  async function decide(waiting: Waiting): Promise<void> {
    const { event } = waiting;
    // The owner's start may be under way in another process. It is waited for as long as the answer may take.
    const until = Date.now() + Math.max(LEAST_LOOK_MS, ANSWER_WITHIN_MS - (performance.now() - waiting.since));
    for (;;) {
      const record = await store.events.get(event.id);
      if (!record) return waiting.resolve(unavailable(event.id));
      const answer = answerOf(record, event);
      if (answer !== "unknown") return waiting.resolve(answer);
      if (await exists(client, record.owner, until))
        return waiting.resolve({ ok: true, id: event.id, duplicate: true });
      if (Date.now() - record.acceptedAt.getTime() > OWNER_LOST_MS) {
        const owner = newId("again");
        // The record decides between several processes that notice at once. An owner may merely have lost its history
        // to retention. That is harmless, because dispatch is idempotent: it finds its delivery records settled and
        // delivers nothing twice.
        if (!(await store.events.takeOver(event.id, record.owner, owner))) continue;
        // With the time of the record dispatch reads the owner, and with it the deliveries that the lost owner may have
        // made.
        waiting.event = { ...event, recorded: true, acceptedAt: record.acceptedAt.getTime() };
        return restart(waiting, owner);
      }
      if (Date.now() > until) return waiting.resolve(unavailable(event.id));
      await new Promise((resume) => setTimeout(resume, POLL_MS));
    }
  }
  return {
    settle: (waiting: Waiting): Promise<void> =>
      decide(waiting).catch((error: unknown) => {
        log.error(
          { err: error, event: waiting.event.id },
          "event not accepted: its earlier record could not be settled",
        );
        waiting.resolve(unavailable(waiting.event.id));
      }),
  };
}

async function exists(client: Client, workflowId: string, deadline: number): Promise<boolean> {
  try {
    await client.withDeadline(deadline, () => client.workflow.getHandle(workflowId).describe());
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
