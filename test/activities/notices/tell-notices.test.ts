/** Notices become events for the groups that they concern, through a real worker and publisher. */
import { afterAll, beforeAll, describe, expect, inject, it, vi } from "vitest";
import { ensureOwnApi } from "../../../src/workers/notices/own-api.js";
import { startWorkflow } from "../../../src/workers/notices/notice-keeper.js";
import { OWN_API_ID } from "../../../src/catalogue/notices/own-api.js";
import { createTellNotices, noticeEventId } from "../../../src/activities/notices/tell-notices.js";
import { newSigningSecret } from "../../../src/endpoint/signing/sign.js";
import { newId } from "../../../src/store/ids.js";
import type { Notice } from "../../../src/store/notices/notice.js";
import type { Subscription } from "../../../src/store/model.js";
import { WORKFLOW } from "../../../src/workflows/contract.js";
import type { Receiver } from "../../support/receiver.js";
import { type RunningWorker, startRunningWorker } from "../running-worker.js";

const until = { timeout: 120_000, interval: 50 };
const now = { createdAt: new Date(), updatedAt: new Date() };

let worker: RunningWorker;
beforeAll(async () => {
  worker = await startRunningWorker({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  expect(await ensureOwnApi(worker.store, worker.catalogue)).toEqual({ taken: [] });
  await worker.catalogue.refresh();
}, 180_000);
afterAll(() => worker?.close());

interface Party {
  groupId: string;
  /** It takes operational events. */
  receiver: Receiver;
  watching: Subscription;
  /** What the notices are about. */
  other: Subscription;
}

async function party(grants: string[], eventTypes: string[]): Promise<Party> {
  const { store } = worker;
  const groupId = newId("grp");
  await store.groups.insert({ id: groupId, name: "Party", grants: [worker.apiId, ...grants], samlGroups: [], ...now });
  const receiver = await worker.receive({ respond: () => ({ status: 204 }) });
  const subscription = (fields: Partial<Subscription>): Subscription => ({
    id: newId("sub"),
    groupId,
    url: receiver.url,
    eventTypes,
    secrets: [{ secret: newSigningSecret(), createdAt: new Date() }],
    status: "active",
    ...now,
    ...fields,
  });
  const [watching, other] = [subscription({}), subscription({ eventTypes: ["payments.invoice.paid"] })];
  await store.subscriptions.insert(watching);
  await store.subscriptions.insert(other);
  await worker.catalogue.refresh();
  return { groupId, receiver, watching, other };
}

let made = 0;
const notice = ({ groupId, other }: Party, fields: Partial<Notice> = {}): Notice => ({
  id: `test/${++made}`,
  kind: "subscription.disabled",
  at: new Date("2026-11-24T09:30:00Z"),
  groupId,
  subscriptionId: other.id,
  reason: "The endpoint answered 410 Gone.",
  ...fields,
});

/** Runs the workflow until nothing is due. */
async function tell(): Promise<void> {
  await startWorkflow(worker, WORKFLOW.notices, `notices-${worker.taskQueue}`);
  await worker.client.workflow.getHandle(`notices-${worker.taskQueue}`).result();
}

const bodies = ({ receiver }: Party) =>
  receiver.requests.map(({ body }) => JSON.parse(Buffer.from(body).toString("utf8")) as Record<string, unknown>);

describe("a notice", () => {
  it("reaches the group that it concerns, with ids and a reason, and no other group", async () => {
    const mine = await party([OWN_API_ID], ["sealpost.subscription.disabled"]);
    const others = await party([OWN_API_ID], ["sealpost.subscription.disabled"]);
    const about = notice(mine);
    await worker.store.notices.add(about);
    await tell();
    await vi.waitFor(() => expect(bodies(mine)).toHaveLength(1), until);
    expect(bodies(mine)[0]).toEqual({
      at: "2026-11-24T09:30:00.000Z",
      groupId: mine.groupId,
      subscriptionId: mine.other.id,
      reason: "The endpoint answered 410 Gone.",
    });
    expect(mine.receiver.requests[0]?.headers["webhook-event-type"]).toBe("sealpost.subscription.disabled");
    expect((await worker.store.events.get(noticeEventId(worker.store, about.id)))?.groups).toEqual([mine.groupId]);
    expect(others.receiver.requests).toEqual([]);
    expect(await worker.store.notices.count()).toBe(0);
  });

  it("is sent once, although the process died before it had left the outbox", async () => {
    const mine = await party([OWN_API_ID], ["sealpost.secret.rotated"]);
    const about = notice(mine, { kind: "secret.rotated" });
    const activity = createTellNotices({
      ...worker,
      log: { warn: () => undefined },
      publish: (events) => worker.publisher.publish(events),
      fileMail: () => Promise.reject(new Error("killed here")),
    });
    await worker.store.notices.add(about);
    await expect(activity.tellNotices()).rejects.toThrow("killed here");
    await tell();
    const last = notice(mine, { kind: "secret.rotated" });
    await worker.store.notices.add(last);
    await tell();
    await vi.waitFor(() => expect(bodies(mine)).toHaveLength(2), until);
    expect(new Set(mine.receiver.requests.map(({ headers }) => headers["webhook-id"]))).toEqual(
      new Set([about, last].map(({ id }) => noticeEventId(worker.store, id))),
    );
  });

  it("about a subscription that takes operational events is never sent, to none of the group", async () => {
    const mine = await party([OWN_API_ID], ["sealpost.delivery.parked", "sealpost.subscription.failing"]);
    await worker.store.notices.add(notice(mine, { kind: "delivery.parked", subscriptionId: mine.watching.id }));
    const about = notice(mine, { kind: "subscription.failing" });
    await worker.store.notices.add(about);
    await tell();
    await vi.waitFor(() => expect(bodies(mine)).toHaveLength(1), until);
    expect(mine.receiver.requests[0]?.headers["webhook-id"]).toBe(noticeEventId(worker.store, about.id));
    expect(await worker.store.notices.count()).toBe(0);
  });

  it("is no event where the group is not granted it, and leaves the outbox", async () => {
    const mine = await party([], ["sealpost.subscription.disabled"]);
    const about = notice(mine);
    await worker.store.notices.add(about);
    await tell();
    expect(await worker.store.events.get(noticeEventId(worker.store, about.id))).toBeUndefined();
    expect(await worker.store.notices.count()).toBe(0);
  });

  it("about the service reaches only groups that were granted this very type", async () => {
    const whole = await party([OWN_API_ID], ["sealpost.audit.broken"]);
    const named = await party(["sealpost.audit.broken"], ["sealpost.audit.broken"]);
    await worker.store.notices.add({ id: "audit/1", kind: "audit.broken", at: new Date(), reason: "entry 7" });
    await tell();
    await vi.waitFor(() => expect(bodies(named)).toHaveLength(1), until);
    expect(bodies(named)[0]).toMatchObject({ reason: "entry 7" });
    expect(whole.receiver.requests).toEqual([]);
  });

  it("that cannot be accepted now stays, and is given up after ten tries", async () => {
    const mine = await party([OWN_API_ID], ["sealpost.subscription.disabled"]);
    const about = notice(mine);
    await worker.store.notices.add(about);
    const warned: unknown[] = [];
    let clock = Date.now();
    const activity = createTellNotices({
      ...worker,
      log: { warn: (...args: unknown[]) => void warned.push(args) },
      publish: async (events) => events.map(() => ({ ok: false, code: "unavailable" })),
      now: () => new Date(clock),
    });
    for (let tries = 0; tries < 10; tries++) {
      expect(await activity.tellNotices()).toMatchObject({ published: 0, others: 0 });
      expect(await worker.store.notices.due(1, new Date(clock))).toEqual([]);
      clock += 3_600_000;
    }
    expect(warned).toEqual([]);
    await activity.tellNotices();
    expect(warned).toHaveLength(1);
    expect(await worker.store.notices.count()).toBe(0);
  });
});
