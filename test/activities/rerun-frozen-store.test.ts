/**
 * A rerun over 1,000 deliveries while the store stands still. It finishes, sends what was not sent, and does not feed
 * the store's trouble by failing and beginning anew.
 */
import type { Client } from "@temporalio/client";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Delivery } from "../../src/store/model.js";
import { engineAtHand, type OwnEngine, startOwnEngine } from "../store/engine.js";
import { freeze, thaw } from "../support/process.js";
import { prepareRerun } from "./rerun-setup.js";
import { type RunningWorker, startRunningWorker } from "./running-worker.js";

const EVENTS = 10;
const SUBSCRIPTIONS = 100;
/** Of the 1,000 deliveries. They have no record, as if the first run had ended before it sent them. */
const UNSENT = 100;
const PART = 100;

describe.skipIf(!engineAtHand())("a rerun over 1,000 records on a store that is frozen", () => {
  let engine: OwnEngine;
  let worker: RunningWorker;
  beforeAll(async () => {
    engine = await startOwnEngine();
    worker = await startRunningWorker({ temporalAddress: inject("temporalAddress"), mongodbUrl: engine.url });
  });
  afterAll(async () => {
    if (engine) thaw(engine.pid);
    await worker?.close();
    await engine?.stop();
  });

  it("finishes, attempts nothing twice, and fails a few times at most", async () => {
    const receiver = await worker.receive();
    const { eventType, subscriptions } = await worker.subscribe(
      Array.from({ length: SUBSCRIPTIONS }, (_, n) => receiver.url.replace("/hook", `/${n}`)),
    );
    const { owner, records, start } = await prepareRerun(worker, eventType, EVENTS);
    const routes = records.flatMap(({ id }) => subscriptions.map((subscription) => ({ id, subscription })));
    const sent = routes.slice(UNSENT).map(({ id, subscription }) => deliveredBefore(id, eventType, subscription));
    // A hundred at a time, because a busy machine must not reach the deadline of a write.
    for (let from = 0; from < sent.length; from += PART)
      await worker.store.deliveries.insertMany(sent.slice(from, from + PART));

    const started = start();
    // The rerun has its place, and reads what is on record.
    await expect.poll(() => valueOf(worker, "reruns"), { timeout: 100_000, interval: 1 }).toBe(1);
    freeze(engine.pid);
    try {
      await started;
      // It stands still until a read was given up, twice.
      await expect.poll(() => givenUp(worker), { timeout: 100_000 }).toBeGreaterThanOrEqual(2);
    } finally {
      thaw(engine.pid);
    }
    await worker.client.workflow.getHandle(owner).result();

    // What a starved machine left to retries is delivered as well.
    const ids = routes.map(({ id, subscription }) => `${id}.${subscription.id}`);
    await expect.poll(() => notDeliveredOnce(worker, ids), { timeout: 100_000 }).toEqual([]);
    expect(receiver.requests.map(({ path, headers }) => `${String(headers["webhook-id"])} ${path}`).sort()).toEqual(
      routes
        .slice(0, UNSENT)
        .map(({ id, subscription }) => `${id} ${new URL(subscription.url).pathname}`)
        .sort(),
    );
    expect(await failedRuns(worker.client, owner)).toBeLessThanOrEqual(5);
  });
});

function deliveredBefore(
  eventId: string,
  eventType: string,
  { id: subscriptionId, groupId }: { id: string; groupId: string },
): Delivery {
  const at = new Date();
  return {
    id: `${eventId}.${subscriptionId}`,
    eventId,
    subscriptionId,
    groupId,
    eventType,
    status: "delivered",
    createdAt: at,
    updatedAt: at,
    attemptCount: 1,
    attempts: [{ number: 1, at, outcome: "delivered", status: 204, durationMs: 1 }],
  };
}

async function valueOf({ metrics }: RunningWorker, kind: string): Promise<number | undefined> {
  const { values } = await metrics.inFlight.get();
  return values.find(({ labels }) => labels.kind === kind)?.value;
}

/** Ids of deliveries that are not on record as delivered by one attempt. */
async function notDeliveredOnce({ store }: RunningWorker, ids: readonly string[]): Promise<string[]> {
  const open: string[] = [];
  for (let from = 0; from < ids.length; from += PART) {
    const some = ids.slice(from, from + PART);
    const records = await store.deliveries.getMany(some);
    open.push(...some.filter((id) => records.get(id)?.status !== "delivered" || records.get(id)?.attemptCount !== 1));
  }
  return open;
}

/** Reads, or whole runs, that found the store away. */
const givenUp = ({ log }: RunningWorker): number =>
  log.filter(({ err }) => (err as { code?: string } | undefined)?.code === "unavailable").length;

/** The engine notes in the marker of a local activity which run of it has ended well. */
async function failedRuns(client: Client, workflowId: string): Promise<number> {
  const { events } = await client.workflow.getHandle(workflowId).fetchHistory();
  const attempts = (events ?? []).flatMap(({ markerRecordedEventAttributes: marker }) => {
    const data = marker?.details?.["data"]?.payloads?.[0]?.data;
    return data ? [(JSON.parse(Buffer.from(data).toString("utf8")) as { attempt: number }).attempt] : [];
  });
  expect(attempts.length).toBeGreaterThan(0);
  return Math.max(...attempts) - 1;
}
