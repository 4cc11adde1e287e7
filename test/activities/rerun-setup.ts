/** Workflows that begin as reruns, as after a crash of the process that dispatched them first. */
import { randomBytes } from "node:crypto";
import { fromRecord, startDeliverEvent } from "../../src/api/publish/accept/start-workflow.js";
import { newId } from "../../src/store/ids.js";
import type { EventRecord } from "../../src/store/model.js";
import type { RunningWorker } from "./running-worker.js";

export interface Rerun {
  owner: string;
  records: EventRecord[];
  /** Starts it. Resolves once the engine has it. */
  start: () => Promise<void>;
}

/** Events on record under an owner whose workflow is yet to be started. */
export async function prepareRerun(worker: RunningWorker, eventType: string, events: number): Promise<Rerun> {
  const owner = newId("batch");
  const payload = Buffer.from("{}");
  const records = Array.from({ length: events }, (): EventRecord => ({
    id: newId("evt"),
    type: eventType,
    apiId: worker.apiId,
    contentType: "application/json",
    sha256: randomBytes(32).toString("base64url"),
    size: payload.byteLength,
    acceptedAt: new Date(),
    owner,
    protocol: 2,
  }));
  await worker.store.events.insertMany(records.map((record) => ({ record, payload })));
  return {
    owner,
    records,
    async start() {
      const input = {
        events: records.map(fromRecord),
        catalogueVersion: worker.catalogue.version,
        rerun: true as const,
      };
      const outcome = await startDeliverEvent(
        { client: worker.client, log: { error: () => undefined }, taskQueue: worker.taskQueue, eager: false },
        { workflowId: owner, input, ms: 100_000 },
      );
      if (outcome !== "started") throw new Error(`The rerun was not started: ${outcome}.`);
    },
  };
}
