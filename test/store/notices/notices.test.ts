import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import type { Notice } from "../../../src/store/notices/notice.js";
import { createNoticeStore } from "../../../src/store/notices/notices.js";
import { unguarded } from "../../../src/store/mongo/exclusive.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { AT, later } from "../fixtures.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "notices");
  store = await database.openStore();
});
afterAll(() => database?.close());
const rows = (name: string) => database.client.db(database.name).collection<{ _id: string }>(name);
beforeEach(async () => {
  for (const name of ["notices", "toldNotices"])
    for (const { _id } of await rows(name).find().toArray()) await rows(name).deleteOne({ _id });
});

const notice = (id: string, fields: Partial<Notice> = {}): Notice => ({
  id,
  kind: "subscription.failing",
  at: AT,
  groupId: "grp_1",
  subscriptionId: "sub_1",
  reason: "no success in the last 10 attempts",
  ...fields,
});
const dueIds = async (now = later(3_600_000)) => (await store.notices.due(100, now)).map(({ id }) => id);

describe("a notice", () => {
  it("waits with all it says until it is told, oldest first", async () => {
    const full = notice("a", { subject: "dlv", detail: { count: 3, warned: true, state: "failing" } });
    expect(await store.notices.add(full)).toBe("added");
    expect(await store.notices.add(notice("b", { at: later(1_000) }))).toBe("added");
    expect(await store.notices.count()).toBe(2);
    const due = await store.notices.due(100, later(2_000));
    expect(due).toEqual([
      { ...full, tries: 0 },
      { ...notice("b", { at: later(1_000) }), tries: 0 },
    ]);
    expect(await store.notices.due(1, later(2_000))).toHaveLength(1);
    await store.notices.settle(["a"]);
    expect(await dueIds()).toEqual(["b"]);
    expect(await store.notices.count()).toBe(1);
  });

  it("with an id that waits or was told is ignored", async () => {
    await store.notices.add(notice("a"));
    expect(await store.notices.add(notice("a", { reason: "another" }))).toBe("repeated");
    await store.notices.settle(["a"]);
    expect(await store.notices.add(notice("a"))).toBe("repeated");
    expect(await dueIds()).toEqual([]);
  });

  it("that several processes add at once is there once", async () => {
    const second = await database.openStore();
    const results = await Promise.all([store, second, store, second].map((each) => each.notices.add(notice("a"))));
    expect(results.filter((result) => result === "added")).toHaveLength(1);
    expect(await dueIds()).toEqual(["a"]);
  });

  it("that was told and came back between the two writes is not told again", async () => {
    await store.notices.add(notice("a"));
    await rows("toldNotices").insertOne({ _id: "a", expiresAt: new Date(Date.now() + 60_000) } as { _id: string });
    expect(await dueIds()).toEqual([]);
    expect(await store.notices.count()).toBe(0);
  });

  it("that could not be told comes again later, with the number of tries", async () => {
    await store.notices.add(notice("a"));
    await store.notices.postpone("a", later(60_000));
    expect(await dueIds(later(59_000))).toEqual([]);
    expect((await store.notices.due(10, later(60_000)))[0]).toMatchObject({ id: "a", tries: 1 });
    await store.notices.postpone("gone", later(0));
    expect(await store.notices.count()).toBe(1);
  });

  it("is refused when too many wait, and taken again when some have left", async () => {
    const db = database.client.db(database.name);
    const few = createNoticeStore(db.collection("notices"), db.collection("toldNotices"), {
      exclusive: unguarded,
      ferretDb: store.ferretDb,
      most: 2,
    });
    expect(await few.add(notice("a"))).toBe("added");
    expect(await few.add(notice("b"))).toBe("added");
    expect(await few.add(notice("c"))).toBe("full");
    expect(await few.addCount({ kind: "delivery.parked", subscriptionId: "sub_1" }, 1)).toBe("full");
    await few.settle(["a"]);
    expect(await few.add(notice("c"))).toBe("added");
  });
});

describe("a count", () => {
  const parked = { kind: "delivery.parked", groupId: "grp_1", subscriptionId: "sub_1", subject: "evt.sub_1" } as const;

  it("is one notice a minute and subscription, over all processes, and told when its minute is over", async () => {
    const second = await database.openStore();
    await Promise.all(
      Array.from({ length: 10 }, (_, n) => (n % 2 ? store : second).notices.addCount(parked, 2, later(1_000 * n))),
    );
    await store.notices.addCount(parked, 1, later(61_000));
    await store.notices.addCount({ ...parked, subscriptionId: "sub_2" }, 4, later(2_000));
    expect(await dueIds(later(119_000))).toEqual([]);
    const due = await store.notices.due(100, later(120_000));
    expect(due.map(({ subscriptionId, detail }) => [subscriptionId, detail?.["count"]]).sort()).toEqual([
      ["sub_1", 20],
      ["sub_2", 4],
    ]);
    expect(due[0]).toMatchObject({ kind: "delivery.parked", at: AT, groupId: "grp_1", subject: "evt.sub_1", tries: 0 });
    expect(await dueIds(later(200_000))).toHaveLength(3);
  });
});

it("ids of told notices are forgotten after 30 days", async () => {
  await store.notices.settle(["old"], new Date(Date.now() - 31 * 86_400_000));
  await store.notices.settle(["young"], new Date(Date.now() - 29 * 86_400_000));
  await store.notices.removeExpired();
  expect((await rows("toldNotices").find().toArray()).map(({ _id }) => _id)).toEqual(["young"]);
});
