import { describe, expect, it } from "vitest";
import { attempt, delivery, event } from "../fixtures.js";
import { CANARY, GROUP, detail, database, store, other, backup, setUpErasures } from "./erasures-setup.js";

setUpErasures();

describe("of an event", () => {
  const raw = () => database.client.db(database.name);
  const expectBare = async () => {
    const document = await raw().collection<{ _id: string }>("events").findOne({ _id: "evt_shared" });
    expect(Object.keys(document ?? {}).sort()).toEqual([
      "_id",
      "acceptedAt",
      "apiId",
      "contentType",
      "expungedAt",
      "owner",
      "size",
      "type",
    ]);
    for (const id of ["evt_shared.sub_1", "evt_shared.sub_2"]) {
      expect(await raw().collection<{ _id: string }>("deliveries").findOne({ _id: id })).not.toHaveProperty("details");
    }
  };

  it("leaves the bare record, here, elsewhere and on disk, and can be repeated", async () => {
    await store.erasures.erase("event/evt_shared", "key:1");
    await expectBare();
    const first = await store.events.get("evt_shared");
    await store.erasures.erase("event/evt_shared", "key:2");
    for (const each of [store, other]) {
      expect(await each.events.get("evt_shared")).toEqual({
        ...event("evt_shared").record,
        sha256: "",
        size: CANARY.length,
        expungedAt: first?.expungedAt,
      });
      expect(await each.events.payload("evt_shared")).toBeUndefined();
      expect(await each.events.payloads(["evt_shared"])).toEqual(new Map());
      expect(await each.events.erasedOf(["evt_shared", "evt_kept"])).toEqual(new Set(["evt_shared"]));
      const { attempts } = (await each.deliveries.get("evt_shared.sub_1")) ?? {};
      expect(attempts).toMatchObject([{ number: 1, outcome: "http_5xx", status: 503 }]);
      expect(attempts?.[0]?.detail).toBeUndefined();
    }
    expect((await store.deliveries.get("evt_theirs.sub_1"))?.attempts[0]?.detail).toEqual(detail);
    expect(await store.erasures.entries()).toMatchObject([{ target: "event/evt_shared", by: "key:1" }]);
  });

  it("is not undone by an attempt or a dispatch that was under way", async () => {
    await store.erasures.erase("event/evt_shared", "key:1");
    await other.catalogueVersion();
    await expect.poll(() => other.erasures.lately("evt_shared")).toBe(true);
    for (const each of [store, other, await database.openStore()]) {
      await each.deliveries.record([
        {
          id: "evt_shared.sub_1",
          groupId: GROUP,
          status: "delivered",
          attempt: attempt(2, { detail }),
          attemptCount: 2,
        },
      ]);
      await each.deliveries.insertMany([delivery("evt_shared", "sub_3", { attempts: [attempt(1, { detail })] })]);
      expect(await each.events.insertMany([event("evt_shared", CANARY)])).toEqual(["evt_shared"]);
    }
    expect(await store.deliveries.get("evt_shared.sub_1")).toMatchObject({ status: "delivered", attemptCount: 2 });
    expect((await store.deliveries.get("evt_shared.sub_3"))?.attempts).toHaveLength(1);
    expect(
      await raw().collection<{ _id: string }>("deliveries").findOne({ _id: "evt_shared.sub_3" }),
    ).not.toHaveProperty("details");
    await expectBare();
  });

  it("is done again when another process, or a backup, brought something back", async () => {
    const restore = await backup("events", "deliveries");
    await store.erasures.erase("event/evt_shared", "key:1");
    // A process that has not heard of it yet.
    await other.deliveries.record([
      { id: "evt_shared.sub_1", groupId: GROUP, status: "delivered", attempt: attempt(2, { detail }), attemptCount: 2 },
    ]);
    expect(await store.erasures.reapply({ since: new Date(Date.now() - 60_000) })).toBe(1);
    await expectBare();
    await restore();
    expect(Buffer.from((await store.events.payload("evt_shared")) ?? []).toString()).toBe(CANARY);
    expect(await store.erasures.reapply()).toBe(1);
    await expectBare();
    expect(await store.erasures.reapply()).toBe(0);
  });
});
