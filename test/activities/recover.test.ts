/**
 * Recoveries as they are: the real workflow on a real worker, real records, a real receiver. Their pace is in
 * recover-pace.test.ts.
 */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { eventIds, type Recovering, recovering, until } from "./recovering.js";
import { type RunningWorker, startRunningWorker } from "./running-worker.js";

let worker: RunningWorker;
let { endpoint, exhausted, operations, parked, recordOf, recover, ended } = {} as Recovering;
beforeAll(async () => {
  worker = await startRunningWorker({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  ({ endpoint, exhausted, operations, parked, recordOf, recover, ended } = recovering(worker));
});
afterAll(() => worker?.close());

describe("a recovery", () => {
  it(
    "sends what is parked through its open workflow and what is exhausted in a new one, each " +
      "once, and counts both",
    async () => {
      let mended = false;
      const at = await endpoint({}, () => ({ status: mended ? 204 : 422 }));
      const refused = await parked(at, 4);
      const other = await exhausted(at, 3);
      at.receiver.requests.length = 0;
      mended = true;
      const id = await recover({ subscriptionId: at.subscription.id });
      await ended(id);
      expect(await recordOf(id)).toMatchObject({
        status: "done",
        progress: { found: 7, sent: 7, delivered: 7, failedAgain: 0, skipped: {} },
      });
      expect(eventIds(at.receiver.requests).sort()).toEqual([...refused, ...other].sort());
      await expect
        .poll(async () => (await worker.store.notices.due(100)).find(({ subject }) => subject === id), until)
        .toMatchObject({ kind: "recovery.finished", subscriptionId: at.subscription.id });
      for (const event of [...refused, ...other])
        expect(await worker.store.deliveries.get(`${event}.${at.subscription.id}`)).toMatchObject({
          status: "delivered",
        });
    },
  );

  it("tells what failed again, and its deliveries stay in the care of the workflow that it gave them", async () => {
    let answers = 0;
    const at = await endpoint({}, () => ({ status: ++answers % 2 ? 204 : 422 }));
    const ids = await exhausted(at, 6);
    const id = await recover({ subscriptionId: at.subscription.id });
    await ended(id);
    expect(await recordOf(id)).toMatchObject({
      status: "done",
      progress: { found: 6, sent: 6, delivered: 3, failedAgain: 3 },
    });
    const records = await worker.store.deliveries.getMany(ids.map((event) => `${event}.${at.subscription.id}`));
    expect([...records.values()].filter(({ status }) => status === "parked")).toHaveLength(3);
    // Another recovery reaches them there.
    const again = await recover({ subscriptionId: at.subscription.id, status: ["parked"] });
    await ended(again);
    expect(await recordOf(again)).toMatchObject({ progress: { found: 3, sent: 3 } });
    expect(at.receiver.requests).toHaveLength(9);
  });

  it("skips what is erased, not granted, or has nowhere to go, by reason; the rest goes out", async () => {
    const at = await endpoint();
    const [erased = ""] = await exhausted(at, 2);
    await worker.store.erasures.erase(`event/${erased}`, "test");
    await exhausted(at, 1, { eventType: "nobody.has.this" });
    const [deleted, paused] = [await endpoint(), await endpoint()];
    await exhausted(deleted, 2);
    await exhausted(paused, 3);
    await worker.store.subscriptions.delete(deleted.subscription.id);
    await worker.store.subscriptions.update(paused.subscription.id, (current) => ({ ...current, status: "paused" }));
    const runs = await Promise.all(
      [at, deleted, paused].map(({ subscription }) => recover({ subscriptionId: subscription.id })),
    );
    await Promise.all(runs.map(ended));
    expect((await Promise.all(runs.map(recordOf))).map((recovery) => recovery?.progress)).toEqual([
      { found: 3, sent: 1, delivered: 1, failedAgain: 0, skipped: { erased: 1, not_granted: 1 } },
      { found: 2, sent: 0, delivered: 0, failedAgain: 0, skipped: { subscription_deleted: 2 } },
      { found: 3, sent: 0, delivered: 0, failedAgain: 0, skipped: { subscription_not_in_service: 3 } },
    ]);
    expect(at.receiver.requests).toHaveLength(1);
    expect(paused.receiver.requests).toHaveLength(0);
    // Cancelled because it was erased: also by name it is not sent.
    const id = `${erased}.${at.subscription.id}`;
    await worker.store.deliveries.record([
      { id, status: "pending", asked: true },
      { id, status: "cancelled" },
    ]);
    const named = await recover({ subscriptionId: at.subscription.id, status: ["cancelled"] });
    await ended(named);
    expect((await recordOf(named))?.progress).toMatchObject({ found: 1, sent: 0, skipped: { erased: 1 } });
  });

  it("of several subscriptions sends side by side: a slow one holds up no other", async () => {
    const [slow, quick] = [await endpoint({ rateLimit: { perSecond: 0.05, burst: 1 } }), await endpoint()];
    // Newest first: those of the slow one come before the others. A window of their own keeps other tests' deliveries
    // out.
    const [older, newer] = [new Date(Date.now() - 10 * 86_400_000), new Date(Date.now() - 10 * 86_400_000 + 60_000)];
    await exhausted(quick, 5, { createdAt: older });
    await exhausted(slow, 10, { createdAt: newer });
    const id = await recover({ groupId: worker.groupId, since: older.getTime(), until: newer.getTime() + 1 });
    await quick.receiver.waitFor(5);
    expect(slow.receiver.requests.length).toBeLessThanOrEqual(1);
    await operations.tellRecovery(id, "cancel", "key:1");
  });
});

describe("whoever started it", () => {
  it("pauses and resumes it: in between nothing more is handed over", async () => {
    const at = await endpoint();
    await exhausted(at, 60);
    const id = await recover({ subscriptionId: at.subscription.id });
    await at.receiver.waitFor(5);
    expect(await operations.tellRecovery(id, "pause", "key:1")).toBe(true);
    await expect.poll(async () => (await recordOf(id))?.status, until).toBe("paused");
    await expect
      .poll(async () => {
        const progress = (await recordOf(id))?.progress;
        return progress && progress.sent === progress.delivered && progress.sent === at.receiver.requests.length;
      }, until)
      .toBe(true);
    const sent = at.receiver.requests.length;
    expect(sent).toBeLessThanOrEqual(45);
    expect(await operations.tellRecovery(id, "resume", "key:1")).toBe(true);
    await ended(id);
    expect(new Set(eventIds(at.receiver.requests)).size).toBe(60);
    expect(at.receiver.requests).toHaveLength(60);
    expect(await recordOf(id)).toMatchObject({ status: "done", progress: { found: 60, sent: 60, delivered: 60 } });
    expect(await operations.tellRecovery(id, "pause", "key:1")).toBe(false);
  }, 90_000);

  it("cancels it in the middle: the rest stays as it was", async () => {
    const at = await endpoint();
    await exhausted(at, 60);
    const id = await recover({ subscriptionId: at.subscription.id });
    await at.receiver.waitFor(5);
    expect(await operations.tellRecovery(id, "cancel", "key:1")).toBe(true);
    await ended(id);
    const recovery = await recordOf(id);
    const sent = recovery?.progress.sent ?? 0;
    expect(recovery).toMatchObject({
      status: "cancelled",
      progress: { found: 60, sent, delivered: sent },
      error: `Cancelled by key:1. ${60 - sent} that were read were not sent; 0 that were handed over before go on.`,
    });
    // Its consumers are not told who it was.
    await expect
      .poll(async () => (await worker.store.notices.due(100)).find(({ subject }) => subject === id)?.reason, until)
      .toMatch(/^Cancelled\. \d+ that were read were not sent; \d+ that were handed over before go on\.$/);
    expect(sent).toBeLessThanOrEqual(45);
    expect(at.receiver.requests).toHaveLength(sent);
    const left = await worker.store.deliveries.summary(
      { subscriptionId: at.subscription.id, status: ["exhausted"] },
      100,
    );
    expect(left.count).toBe(60 - sent);
  });
});
