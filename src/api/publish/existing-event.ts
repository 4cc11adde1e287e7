/** What to answer when an event id is on record already: duplicate, conflict, or an owner that never came to be. */
import { type Client, WorkflowNotFoundError } from "@temporalio/client";
import type { Logger } from "pino";
import { newId } from "../../store/ids.js";
import type { Store } from "../../store/store.js";
import { ANSWER_WITHIN_MS, sameContent, type Waiting } from "./waiting-event.js";

/** Shortest time given to the engine's answer, however long the publish has waited already. */
const LEAST_LOOK_MS = 250;
const POLL_MS = 50;
/**
 * A record older than this without a workflow has lost its owner (the process died between record and start, whose
 * deadline is 4 s). Dispatch checks the owner of every record older than OWNER_TRUSTED_MS in
 * src/activities/dispatch.ts, which is less.
 */
const OWNER_LOST_MS = 15_000;

/** Settles publishes of ids that are on record; `restart` puts an event back into the queue under a new owner. */
export function createExistingEvents(
  { client, store, log }: { client: Client; store: Store; log: Logger },
  restart: (waiting: Waiting) => void,
) {
  async function decide(waiting: Waiting): Promise<void> {
    const { event } = waiting;
    // The owner's start may be under way in another process: it is waited for as long as the answer may take.
    const until = Date.now() + Math.max(LEAST_LOOK_MS, ANSWER_WITHIN_MS - (performance.now() - waiting.since));
    for (;;) {
      const record = await store.events.get(event.id);
      if (!record) return void waiting.resolve(unavailable(event.id));
      // Without its hash nobody can tell whether it is the same again; and what was erased is not delivered.
      if (record.expungedAt || record.sha256 === "")
        return void waiting.resolve({ ok: false, id: event.id, code: "erased" });
      if (!sameContent(record, event))
        return void waiting.resolve({ ok: false, id: event.id, code: "event_id_conflict" });
      if (await exists(client, record.owner, until))
        return void waiting.resolve({ ok: true, id: event.id, duplicate: true });
      if (Date.now() - record.acceptedAt.getTime() > OWNER_LOST_MS) {
        const owner = newId("again");
        // The record decides between several processes that notice at once; dispatch is idempotent, so an owner whose
        // history has merely expired is delivered nothing twice: it finds its delivery records settled.
        if (!(await store.events.takeOver(event.id, record.owner, owner))) continue;
        waiting.workflowId = owner;
        // With the time of the record dispatch reads the owner, and with it the deliveries that the lost owner may have
        // made.
        waiting.event = { ...event, recorded: true, acceptedAt: record.acceptedAt.getTime() };
        return restart(waiting);
      }
      if (Date.now() > until) return void waiting.resolve(unavailable(event.id));
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

const unavailable = (id: string) => ({ ok: false as const, id, code: "unavailable" as const, retryAfterSeconds: 5 });

async function exists(client: Client, workflowId: string, deadline: number): Promise<boolean> {
  try {
    await client.withDeadline(deadline, () => client.workflow.getHandle(workflowId).describe());
    return true;
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return false;
    throw error;
  }
}
