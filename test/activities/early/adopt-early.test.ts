/** A dispatch in another process than the one that began the attempts, on a running worker. */
import { spawnSync } from "node:child_process";
import { randomUUID } from "node:crypto";
import { expect, it } from "vitest";
import { eventRecord } from "../../../src/catalogue/event-record.js";
import { newId } from "../../../src/store/ids.js";
import type { Delivery } from "../../../src/store/model.js";
import { type EarlyAttempt, type PublishedEvent, WORKFLOW } from "../../../src/workflows/contract.js";
import { thisProcess } from "../../../src/workers/process/process-name.js";
import { setUpWorker, worker } from "../running-worker-setup.js";

setUpWorker();

/** An event that another process has committed and began to deliver. `listed` is what its start says of that. */
async function begunElsewhere(
  listed: Omit<EarlyAttempt, "event" | "subscriptionId">,
  {
    until,
    process = "another",
    record,
  }: { until: number; process?: string; record?: (id: string, subscriptionId: string, owner: string) => Delivery },
) {
  const receiver = await worker.receive();
  const { eventType, subscriptions } = await worker.subscribe([receiver.url, receiver.url.replace("/hook", "/other")]);
  const [first, second] = subscriptions;
  if (!first || !second) throw new Error("no subscriptions");
  const [id, owner] = [newId("evt"), newId("batch")];
  const payload = Buffer.from(JSON.stringify({ id: randomUUID() }));
  const event: PublishedEvent = {
    id,
    type: eventType,
    contentType: "application/json",
    body: { stored: true },
    sha256: "x",
    acceptedAt: Date.now(),
    recorded: true,
    ownId: true,
  };
  await worker.store.events.insertMany([
    { record: eventRecord(event, payload.byteLength, worker.catalogue, owner), payload },
  ]);
  if (record) await worker.store.deliveries.insertMany([record(id, first.id, owner)]);
  const early = { process, until, attempts: [{ event: 0, subscriptionId: first.id, ...listed }] };
  await worker.client.workflow.start(WORKFLOW.deliverEvent, {
    workflowId: owner,
    taskQueue: worker.taskQueue,
    args: [{ events: [event], early }],
  });
  await worker.ownerEnded(id);
  // What nobody began is made by the dispatch, whatever becomes of the other.
  await receiver.waitFor(({ path }) => path === "/other");
  return {
    requests: () => receiver.requests.filter(({ path }) => path === "/hook"),
    delivery: () => worker.store.deliveries.get(`${id}.${first.id}`),
  };
}

const HOUR_MS = 3_600_000;

it("records an outcome that is listed and on no record, and sends nothing", async () => {
  const at = Date.now() - 50;
  const { requests, delivery } = await begunElsewhere(
    { outcome: { status: "delivered", attempt: { at, outcome: "delivered", status: 204, durationMs: 7 } } },
    { until: Date.now() + HOUR_MS },
  );
  expect(await delivery()).toMatchObject({
    status: "delivered",
    attemptCount: 1,
    attempts: [{ number: 1, at: new Date(at), status: 204, durationMs: 7 }],
  });
  expect(requests()).toEqual([]);
});

it("leaves an attempt under way to the retries, which send once it has surely ended", async () => {
  const until = Date.now() + 4_000;
  const { requests, delivery } = await begunElsewhere({}, { until });
  expect(await delivery()).toMatchObject({ status: "pending", attemptCount: 0, nextAttemptAt: new Date(until) });
  await expect.poll(async () => (await delivery())?.status).toBe("delivered");
  expect(requests()).toHaveLength(1);
  expect(requests()[0]?.at).toBeGreaterThanOrEqual(until);
});

it("does not wait for the end of an attempt whose process has ended", async () => {
  const [host, , ...rest] = thisProcess().split("/");
  const process = [host, spawnSync("true").pid, ...rest].join("/");
  const { requests, delivery } = await begunElsewhere({}, { until: Date.now() + HOUR_MS, process });
  await expect.poll(async () => (await delivery())?.status).toBe("delivered");
  expect(requests()).toHaveLength(1);
});

it("sends nothing when the record says by then that it was delivered", async () => {
  const until = Date.now() + 4_000;
  const { requests, delivery } = await begunElsewhere({}, { until });
  const pending = await delivery();
  // As the other process records it, late and over the record of the dispatch.
  await worker.store.deliveries.record([
    {
      id: pending?.id ?? "",
      groupId: pending?.groupId ?? "",
      attempt: { number: 1, at: new Date(), outcome: "delivered", status: 204, durationMs: 3 },
      attemptCount: 1,
      status: "delivered",
      reason: null,
      nextAttemptAt: null,
    },
  ]);
  const retry = worker.client.workflow.getHandle(pending?.workflowId ?? "");
  await retry.result();
  expect(Date.now()).toBeGreaterThanOrEqual(until);
  expect(await delivery()).toMatchObject({ status: "delivered", attemptCount: 1 });
  expect(requests()).toEqual([]);
});

it("goes on from a record that the other process has made", async () => {
  const { requests, delivery } = await begunElsewhere(
    {},
    {
      until: Date.now() + HOUR_MS,
      record: (id, subscriptionId) => ({
        id: `${id}.${subscriptionId}`,
        eventId: id,
        subscriptionId,
        groupId: worker.groupId,
        eventType: "worker.made",
        status: "delivered",
        createdAt: new Date(),
        updatedAt: new Date(),
        attemptCount: 1,
        attempts: [{ number: 1, at: new Date(), outcome: "delivered", status: 200, durationMs: 1 }],
      }),
    },
  );
  expect(await delivery()).toMatchObject({ status: "delivered", attemptCount: 1 });
  expect(requests()).toEqual([]);
});
