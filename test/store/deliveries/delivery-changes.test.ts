/**
 * Writes that land after their caller has given them up: a proxy keeps one message back until a newer one is through.
 */
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from "vitest";
import { type Proxy, startProxy } from "../../../bench/chaos/proxy.js";
import { connectStore, type MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { Delivery } from "../../../src/store/model.js";
import type { DeliveryChange } from "../../../src/store/store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { attempt, coded, delivery, later } from "../fixtures.js";

let database: TestDatabase;
/** Two processes. Everything the slow one says goes through the proxy. */
let store: MongoStore;
let slow: MongoStore;
let proxy: Proxy;

const engine = (): URL => new URL(inject("mongodbUrl"));
const throughProxy = (): string => {
  const url = engine();
  url.host = proxy.address;
  return url.href;
};

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "changes");
  store = await database.openStore();
  proxy = await startProxy(() => engine().host, {
    holds: (bytes) => bytes.includes("update\0") || bytes.includes("insert\0"),
    delivers: true,
  });
  slow = await connectStore({ mongodbUrl: throughProxy(), database: database.name, masterKeys: database.masterKeys });
});
afterEach(() => proxy.set("pass"));
afterAll(async () => {
  await slow.close();
  proxy.close();
  await database.close();
});

/** The slow process gives its write up, `meanwhile` happens elsewhere, and then the write reaches the server. */
async function landsLate(write: () => Promise<unknown>, meanwhile: () => Promise<unknown>): Promise<void> {
  const before = proxy.answeredLate();
  proxy.set("holdRequests");
  await expect(write()).rejects.toThrow(coded("unavailable"));
  expect(proxy.held()).toBeGreaterThan(0);
  await meanwhile();
  proxy.set("pass");
  await expect.poll(() => proxy.answeredLate(), { timeout: 20_000 }).toBeGreaterThan(before);
}

const raw = () => database.client.db(database.name).collection<{ _id: string; seq?: number }>("deliveries");

describe("a change that lands late", () => {
  const second = (outcome: string, status: number, at: Date) => ({
    groupId: "grp_1",
    attempt: attempt(2, { outcome, status, at }),
    attemptCount: 2,
  });
  const cases: [
    name: string,
    before: Partial<Delivery>,
    late: Omit<DeliveryChange, "id">,
    newer: Omit<DeliveryChange, "id">,
    stands: object,
  ][] = [
    [
      "retrying over delivered",
      {},
      { ...second("http_5xx", 503, later(5_000)), status: "retrying", nextAttemptAt: later(9_000) },
      { ...second("delivered", 200, later(6_000)), status: "delivered" },
      { status: "delivered", attemptCount: 2 },
    ],
    [
      "throttled over held, with no attempt between",
      {},
      { status: "throttled", attempts: 1, nextAttemptAt: later(9_000) },
      { status: "held", attempts: 1, reason: "paused" },
      { status: "held", reason: "paused" },
    ],
    [
      "retrying over parked",
      {},
      { ...second("http_5xx", 503, later(5_000)), status: "retrying" },
      { ...second("http_4xx", 422, later(6_000)), status: "parked" },
      { status: "parked" },
    ],
    [
      "a resend over a later one",
      { status: "exhausted" },
      { status: "pending", asked: true, workflowId: "resend/x" },
      { status: "pending", asked: true, workflowId: "resend/y" },
      { status: "pending", workflowId: "resend/y" },
    ],
    [
      "cancelled over a retry that was delivered",
      {},
      { status: "cancelled", asked: true, reason: "by hand" },
      { ...second("delivered", 200, later(6_000)), status: "delivered" },
      { status: "delivered" },
    ],
  ];
  it.each(cases)(
    "changes nothing: %s",
    async (name, before, late, newer, stands) => {
      const { id } = delivery(`evt_late_${cases.findIndex(([one]) => one === name)}`);
      await store.deliveries.insertMany([{ ...delivery(id.slice(0, id.lastIndexOf("."))), ...before }]);
      await landsLate(
        () => slow.deliveries.record([{ id, ...late }]),
        () => store.deliveries.record([{ id, ...newer }]),
      );
      expect(await store.deliveries.get(id)).toMatchObject(stands);
      expect(await raw().findOne({ _id: id })).toMatchObject({ seq: 1 });
      // And the sequence goes on from there.
      expect(await store.deliveries.record([{ id, status: "retrying", asked: true }])).toEqual([]);
      expect(await raw().findOne({ _id: id })).toMatchObject({ seq: 2, status: "retrying" });
    },
    60_000,
  );

  it("does not bring back details that were erased meanwhile", async () => {
    const { id, eventId } = delivery("evt_erased_late");
    await store.deliveries.insertMany([delivery(eventId)]);
    await landsLate(
      () =>
        slow.deliveries.record([{ id, groupId: "grp_1", attempt: attempt(2), attemptCount: 2, status: "retrying" }]),
      () => store.deliveries.expungeDetails(eventId),
    );
    expect(await raw().findOne({ _id: id })).not.toHaveProperty("details");
  }, 60_000);

  it("is found to be made when nothing came between, and is not made twice", async () => {
    const { id } = delivery("evt_alone");
    await store.deliveries.insertMany([delivery("evt_alone")]);
    const change: DeliveryChange = {
      id,
      groupId: "grp_1",
      attempt: attempt(2, { outcome: "delivered", status: 200 }),
      attemptCount: 2,
      status: "delivered",
    };
    await landsLate(
      () => slow.deliveries.record([change]),
      async () => undefined,
    );
    expect(await slow.deliveries.record([change])).toEqual([]);
    expect(await store.deliveries.get(id)).toMatchObject({ status: "delivered", attemptCount: 2 });
    expect(await raw().findOne({ _id: id })).toMatchObject({ seq: 1 });
  }, 60_000);
});

it("stops what has not left this process when it is given up", async () => {
  // No connection is left, and none can be made: the insert waits for one.
  proxy.set("refuse");
  const given = slow.deliveries.insertMany([delivery("evt_never")]);
  await expect(given).rejects.toThrow(coded("unavailable"));
  proxy.set("pass");
  await expect
    .poll(
      () =>
        slow.deliveries.insertMany([delivery("evt_next")]).then(
          () => true,
          () => false,
        ),
      { timeout: 30_000 },
    )
    .toBe(true);
  expect(await store.deliveries.get("evt_never.sub_1")).toBeUndefined();
}, 60_000);

describe("what a delivery may leave", () => {
  const from = async (
    status: Delivery["status"],
    change: Omit<DeliveryChange, "id">,
  ): Promise<[why: string | undefined, status: string | undefined]> => {
    const one = delivery(`evt_${status}_${Math.random().toString(36).slice(2)}`, "sub_1", { status });
    await store.deliveries.insertMany([one]);
    const [refused] = await store.deliveries.record([{ id: one.id, ...change }]);
    return [refused?.why, (await store.deliveries.get(one.id))?.status];
  };
  it.each(["delivered", "exhausted", "cancelled", "parked"] as const)("%s only when somebody asks", async (status) => {
    for (const to of ["pending", "retrying", "held", "throttled"] as const) {
      expect(await from(status, { status: to })).toEqual(["settled", status]);
      expect(await from(status, { status: to, asked: true })).toEqual([undefined, to]);
    }
    expect(await from(status, { status: "cancelled", asked: true })).toEqual(
      status === "parked" || status === "cancelled" ? [undefined, "cancelled"] : ["settled", status],
    );
  });
  it.each(["pending", "retrying", "held", "throttled"] as const)("%s by itself", async (status) => {
    for (const to of ["delivered", "exhausted", "cancelled", "parked"] as const)
      expect(await from(status, { status: to })).toEqual([undefined, to]);
  });
  it("an attempt that was under way while the delivery was settled is told, and the status stays", async () => {
    const { id } = delivery("evt_under_way");
    await store.deliveries.insertMany([delivery("evt_under_way")]);
    await store.deliveries.record([{ id, status: "cancelled", reason: "by hand", asked: true }]);
    const change: DeliveryChange = {
      id,
      groupId: "grp_1",
      attempt: attempt(2, { outcome: "http_5xx" }),
      attemptCount: 2,
      status: "retrying",
      reason: "busy",
      nextAttemptAt: later(9_000),
    };
    for (let times = 1; times <= 2; times++)
      expect(await store.deliveries.record([change])).toMatchObject([
        { id, why: "settled", stands: { status: "cancelled" } },
      ]);
    const after = await store.deliveries.get(id);
    expect(after).toMatchObject({
      status: "cancelled",
      reason: "by hand",
      attemptCount: 2,
      attempts: [attempt(1), attempt(2)],
    });
    expect(after).not.toHaveProperty("nextAttemptAt");
  });
  it("an attempt whose number is taken is refused, and the record is given instead", async () => {
    const { id } = delivery("evt_number");
    await store.deliveries.insertMany([delivery("evt_number")]);
    const second = (ms: number): DeliveryChange => ({
      id,
      groupId: "grp_1",
      attempt: attempt(2, { at: later(ms) }),
      attemptCount: 2,
      status: "retrying",
    });
    expect(await store.deliveries.record([second(1)])).toEqual([]);
    expect(await store.deliveries.record([second(2)])).toMatchObject([
      { id, why: "outdated", stands: { attemptCount: 2, attempts: [{ number: 1 }, { number: 2, at: later(1) }] } },
    ]);
    expect(
      await store.deliveries.record([
        { id, status: "held", attempts: 1 },
        { id: "evt_none.sub_1", status: "held" },
      ]),
    ).toMatchObject([
      { id, why: "outdated" },
      { id: "evt_none.sub_1", why: "missing" },
    ]);
  });
  it("changes of one delivery in one call come in their order, and more than a hundred in a row", async () => {
    const { id } = delivery("evt_many_changes");
    await store.deliveries.insertMany([delivery("evt_many_changes")]);
    const statuses = Array.from({ length: 130 }, (_, i) => (i % 2 ? ("held" as const) : ("throttled" as const)));
    await store.deliveries.record(statuses.map((status) => ({ id, status })));
    expect(await raw().findOne({ _id: id })).toMatchObject({ seq: 130, status: "held" });
  });
});
