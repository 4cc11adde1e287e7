/**
 * What carries power besides a start: signals and updates of others, activities, and what was begun before proofs were
 * asked for.
 */
import { randomBytes } from "node:crypto";
import { Client } from "@temporalio/client";
import type { Payload } from "@temporalio/common";
import proto from "@temporalio/proto";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { newId } from "../../src/store/ids.js";
import { bundleCode } from "../../src/workers/bundle.js";
import { publishedEvent } from "../../src/client/index.js";
import {
  bucketWorkflowId,
  type BucketState,
  type Lease,
  type RetryDeliveryInput,
  type RetryItem,
  WORKFLOW,
} from "../../src/workflows/contract.js";
import { type RunningWorker, startRunningWorker } from "../activities/running-worker.js";
import type { Receiver } from "../support/receiver.js";
import { consumer, retryInput, testEngine } from "./engine.js";

const within = { timeout: 40_000, interval: 50 };
const TODAY = new Date().toISOString().slice(0, 10);
let worker: RunningWorker;
let receiver: Receiver;
let stranger: Client;
let unproven = 0;
beforeAll(async () => {
  worker = await startRunningWorker({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    codecOptions: { legacyUntil: TODAY, onUnproven: () => unproven++ },
  });
  receiver = await worker.receive({ respond: () => ({ status: 400 }) });
  stranger = new Client({ connection: worker.client.connection });
});
afterAll(() => worker?.close());

describe("a token bucket", () => {
  const rate = { perSecond: 1, burst: 1 };
  it("takes leases, rates and pauses from our own processes only", async () => {
    const id = `sub_${randomBytes(5).toString("hex")}`;
    const workflowId = bucketWorkflowId(id);
    const own = await worker.client.workflow.start(WORKFLOW.tokenBucket, {
      args: [{ subscriptionId: id, rate, rateAsOf: 1 }],
      workflowId,
      taskQueue: worker.taskQueue,
    });
    const foreign = stranger.workflow.getHandle(workflowId);
    const fast = { perSecond: 1e6, burst: 1e6 };
    await foreign.signal("configure", { rate: fast, asOf: Date.now() });
    await foreign.signal("pause", { untilMs: Date.now() + 1e9 });
    await foreign.signal("configure");
    await foreign.signal("pause", null);
    await expect(
      foreign.executeUpdate("lease", { args: [{ count: 0, rate: fast, rateAsOf: Date.now() }] }),
    ).rejects.toThrow();
    const lease = await own.executeUpdate<Lease, [object]>("lease", { args: [{ count: 3, rate, rateAsOf: 1 }] });
    expect(lease.pausedUntil).toBeLessThan(Date.now() + 60_000);
    expect((lease.slots.at(-1) ?? 0) - (lease.slots[0] ?? 0)).toBeGreaterThanOrEqual(1_900);
    // The same from ourselves counts.
    await own.signal("pause", { untilMs: Date.now() + 3_600_000 });
    expect(
      (
        await own.executeUpdate<Pick<BucketState, "pausedUntil">, [object]>("lease", {
          args: [{ count: 0, rate, rateAsOf: 1 }],
        })
      ).pausedUntil,
    ).toBeGreaterThan(Date.now() + 3_000_000);
    await own.terminate();
  });
});

describe("a signal", () => {
  it("acts whoever sends it, and names nobody but who proved it", async () => {
    const {
      eventType,
      subscriptions: [subscription],
    } = await worker.subscribe([receiver.url]);
    const cancelledBy = async (send: (workflowId: string) => Promise<void>): Promise<string | undefined> => {
      const id = await worker.publish(eventType, { n: 1 });
      const deliveryId = `${id}.${subscription?.id}`;
      await expect.poll(async () => (await worker.store.deliveries.get(deliveryId))?.status, within).toBe("parked");
      const { workflowId = "" } = (await worker.store.deliveries.get(deliveryId)) ?? {};
      await expect
        .poll(
          () =>
            worker.client.workflow
              .getHandle(workflowId)
              .query("state")
              .then(
                () => true,
                () => false,
              ),
          within,
        )
        .toBe(true);
      for (const mistyped of ["all", 5, ["x"], { deliveryIds: 5 }])
        await stranger.workflow.getHandle(workflowId).signal("cancel", mistyped);
      expect(
        (await worker.client.workflow.getHandle(workflowId).query<RetryItem[]>("state")).map(({ status }) => status),
      ).toEqual(["parked"]);
      await send(workflowId);
      await worker.client.workflow.getHandle(workflowId).result();
      return (await worker.store.deliveries.get(deliveryId))?.reason;
    };
    const claim = { by: "key:admin", reason: "not needed" };
    expect(await cancelledBy((id) => stranger.workflow.getHandle(id).signal("cancel", claim))).toBe(
      "not needed (by somebody in Temporal)",
    );
    const [sealed] = await worker.codec.encodeAs({ purpose: "operator", actor: "person:per_1" }, [plain(claim)]);
    expect(await cancelledBy((id) => raw(sealed).workflow.getHandle(id).signal("cancel", null))).toBe(
      "not needed (by person:per_1)",
    );
    expect(await cancelledBy((id) => worker.client.workflow.getHandle(id).signal("cancel", claim))).toBe(
      "not needed (by key:admin)",
    );
    expect(
      await cancelledBy((id) =>
        raw({ metadata: { encoding: Buffer.from("json/plain") }, data: Buffer.from("{bad") })
          .workflow.getHandle(id)
          .signal("cancel", null)
          .then(() => stranger.workflow.getHandle(id).signal("cancel", null)),
      ),
    ).toBe("Cancelled by hand.");
  });
});

const plain = (value: unknown): Payload => ({
  metadata: { encoding: Buffer.from("json/plain") },
  data: Buffer.from(JSON.stringify(value)),
});
const raw = (payload: Payload | undefined) =>
  new Client({
    connection: worker.client.connection,
    dataConverter: {
      payloadCodecs: [{ encode: async () => (payload ? [payload] : []), decode: async (given) => given }],
    },
  });

describe("before proofs were asked for", () => {
  /** As the release before sealed. */
  async function older(value: unknown): Promise<Payload> {
    const key = await worker.store.keyring.scope(`temporal/${TODAY}`);
    const bytes = proto.temporal.api.common.v1.Payload.encode(plain(value)).finish();
    return {
      metadata: { encoding: Buffer.from("binary/encrypted") },
      data: key.seal({ collection: "temporal", id: "payload", field: "data", owner: key.id }, bytes),
    };
  }

  it("an event that was accepted and not begun is delivered", async () => {
    const good = await worker.receive();
    const { eventType } = await worker.subscribe([good.url]);
    const id = newId("evt");
    const input = { events: [{ ...publishedEvent({ type: eventType, data: { n: 1 } }), id, ownId: true }] };
    await raw(await older(input)).workflow.start(WORKFLOW.deliverEvent, {
      args: [null],
      workflowId: id,
      taskQueue: worker.taskQueue,
    });
    await worker.client.workflow.getHandle(id).result();
    expect(good.requests.map(({ headers }) => headers["webhook-id"])).toEqual([id]);
  });

  it("an open workflow of plain inputs goes on, and takes its signals", async () => {
    const engine = await testEngine();
    try {
      const side = consumer((_item, attempt) => (attempt < 2 ? { status: "parked" } : { status: "delivered" }));
      const without = (await bundleCode()).replaceAll(/if \([^\n]*lacksProof\)\([^\n]*?\)\)\s*return [^\n]*\n/g, "\n");
      expect(without).not.toContain("lacksProof)(input");
      const plainly = { dataConverter: {} };
      const old = await engine.work(side.activities, { ...plainly, bundle: { code: without } });
      const handle = await engine.client.workflow.start(WORKFLOW.retryDelivery, {
        workflowId: `retry/${randomBytes(5).toString("hex")}`,
        taskQueue: engine.taskQueue,
        args: [retryInput(1)],
      });
      await expect
        .poll(async () => (await handle.query<RetryItem[]>("state")).map(({ status }) => status), within)
        .toEqual(["parked"]);
      await old.stop();
      await engine.work(side.activities, { ...plainly, maxCachedWorkflows: 0 });
      await handle.signal("retry", {});
      await handle.result();
      expect(side.calls).toHaveLength(2);
    } finally {
      await engine.close();
    }
  });
});

describe("an activity", () => {
  it("runs with nothing that another workflow made up, whatever its queue", async () => {
    const {
      subscriptions: [subscription],
      eventType,
    } = await worker.subscribe([receiver.url]);
    const before = receiver.requests.length;
    const items: RetryDeliveryInput["items"] = [
      { deliveryId: `x.${subscription?.id}`, eventId: "x", eventType, status: "pending", attempts: 0, scheduleBase: 0 },
    ];
    const forged = { events: [publishedEvent({ type: eventType, data: { n: 1 } })], rerun: false };
    const code = await bundleCode();
    const engine = await testEngine();
    try {
      // A workflow of the stranger's own that gives our queue its activities: deliverEvent's code with another target.
      const calling = code.replace(
        /async function deliverEvent\(input\) \{/,
        `$& const { proxyActivities } = __webpack_require__("./node_modules/@temporalio/workflow/lib/index.js");
        const options = { taskQueue: input.queue, startToCloseTimeout: 5_000, retry: { maximumAttempts: 1 } };
        const given = proxyActivities(options);
        const ends = Promise.allSettled(input.calls.map(([name, argument]) => given[name](argument)));
        return ends.then((all) => all.map(({ status }) => status));`,
      );
      expect(calling).not.toBe(code);
      await engine.work({}, { bundle: { code: calling }, dataConverter: {} });
      const calls = [
        ["dispatch", forged],
        ["attempt", { subscriptionId: subscription?.id, items }],
        ["recordStatus", { subscriptionId: subscription?.id, items }],
        ["recordRefusal", { workflowType: "x", purpose: "y" }],
        [
          "dispatchPage",
          { owner: "x", events: [{ id: "x" }], subscriptionIds: [subscription?.id], catalogueVersion: 0, rerun: false },
        ],
      ];
      const told = unproven;
      const handle = await engine.client.workflow.start(WORKFLOW.deliverEvent, {
        workflowId: newId("evt"),
        taskQueue: engine.taskQueue,
        args: [{ queue: worker.taskQueue, calls }],
      });
      // Each is refused before it runs. Why is sealed, so the stranger's workflow cannot even read it.
      await expect.poll(() => unproven, within).toBeGreaterThanOrEqual(told + calls.length);
      const answers = async () =>
        ((await handle.fetchHistory()).events ?? []).filter(
          ({ activityTaskCompletedEventAttributes: done, activityTaskFailedEventAttributes: failed }) => done ?? failed,
        );
      await expect.poll(async () => (await answers()).length, within).toBeGreaterThan(0);
      expect((await answers()).filter((event) => event.activityTaskCompletedEventAttributes)).toEqual([]);
      expect(receiver.requests).toHaveLength(before);
      await handle.terminate();
    } finally {
      await engine.close();
    }
  });
});
