import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { coded, event, later } from "../fixtures.js";

describe("events", () => {
  let database: TestDatabase;
  let store: MongoStore;
  const text = (bytes: Uint8Array | undefined) => bytes && Buffer.from(bytes).toString("utf8");

  beforeAll(async () => {
    database = await openDatabase(inject("mongodbUrl"), "events");
    store = await database.openStore();
  });
  afterAll(() => database.close());

  it("gives back record and payload", async () => {
    const [plain, addressed] = [
      event("evt_a"),
      event("my.own.id", "ünïcode", { groups: ["grp_1"], owner: "my.own.id" }),
    ];
    expect(await store.events.insertMany([plain, addressed])).toEqual([]);
    expect(await store.events.get("evt_a")).toEqual(plain.record);
    expect(await store.events.get("my.own.id")).toEqual(addressed.record);
    expect(text(await store.events.payload("my.own.id"))).toBe("ünïcode");
    expect(await store.events.getMany(["evt_a", "my.own.id", "evt_none"])).toEqual(
      new Map([
        ["evt_a", plain.record],
        ["my.own.id", addressed.record],
      ]),
    );
    const payloads = await store.events.payloads(["evt_a", "evt_none"]);
    expect([...payloads].map(([id, { record, payload }]) => [id, record, text(payload)])).toEqual([
      ["evt_a", plain.record, "payload of evt_a"],
    ]);
    expect(await store.events.get("evt_none")).toBeUndefined();
    expect(await store.events.payload("evt_none")).toBeUndefined();
    expect(await store.events.insertMany([])).toEqual([]);
  });

  it("inserts what is new and names what existed, leaving it as it was", async () => {
    await store.events.insertMany([event("evt_b1", "first")]);
    const existed = await store.events.insertMany([
      event("evt_b0"),
      event("evt_b1", "second", { owner: "batch_2" }),
      event("evt_b2"),
    ]);
    expect(existed).toEqual(["evt_b1"]);
    expect(text(await store.events.payload("evt_b1"))).toBe("first");
    expect((await store.events.getMany(["evt_b0", "evt_b1", "evt_b2"])).size).toBe(3);
    expect(await store.events.insertMany([event("evt_b0"), event("evt_b1"), event("evt_b2")])).toEqual([
      "evt_b0",
      "evt_b1",
      "evt_b2",
    ]);
  });

  it("lets exactly one of 100 concurrent inserts of the same id win, over two processes", async () => {
    const other = await database.openStore();
    // Its own on each try.
    const race = `evt_race${Date.now()}`;
    const results = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        (i % 2 ? store : other).events.insertMany([event(race, `payload ${i}`, { owner: `batch_${i}` })]),
      ),
    );
    const winners = results.flatMap((existed, i) => (existed.length === 0 ? [i] : []));
    expect(winners).toHaveLength(1);
    expect(await store.events.get(race)).toMatchObject({ owner: `batch_${winners[0]}` });
    expect(text(await store.events.payload(race))).toBe(`payload ${winners[0]}`);
  });

  it("lets one of many take an event over", async () => {
    await store.events.insertMany([event("evt_c", "x", { owner: "gone" })]);
    const taken = await Promise.all(
      Array.from({ length: 10 }, (_, i) => store.events.takeOver("evt_c", "gone", `new_${i}`)),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
    expect((await store.events.get("evt_c"))?.owner).toBe(`new_${taken.indexOf(true)}`);
    expect(await store.events.takeOver("evt_none", "gone", "new")).toBe(false);
  });

  it("pages newest first by filter, equal times by id", async () => {
    const fields = (i: number) => ({
      type: "paging.type",
      apiId: i % 2 ? "api_odd" : "api_even",
      acceptedAt: later(60_000 + Math.floor(i / 3)),
    });
    await store.events.insertMany(Array.from({ length: 10 }, (_, i) => event(`evt_p${i}`, "x", fields(i))));
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await store.events.list(
        { limit: 4, ...(cursor !== undefined && { cursor }) },
        { type: "paging.type" },
      );
      expect(page.data.length).toBeLessThanOrEqual(4);
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.next;
    } while (cursor !== undefined);
    expect(seen).toEqual(Array.from({ length: 10 }, (_, i) => `evt_p${9 - i}`));
    const ids = async (filter: Parameters<typeof store.events.list>[1]) =>
      (await store.events.list({ limit: 250 }, { type: "paging.type", ...filter })).data.map(({ id }) => id);
    expect(await ids({ apiIds: ["api_odd"] })).toEqual(["evt_p9", "evt_p7", "evt_p5", "evt_p3", "evt_p1"]);
    expect(await ids({ apiIds: [] })).toEqual([]);
    expect(await ids({ since: later(60_001), until: later(60_002) })).toEqual(["evt_p5", "evt_p4", "evt_p3"]);
    for (const bad of [
      "",
      "!",
      Buffer.from("[1]").toString("base64url"),
      Buffer.from('["x","y"]').toString("base64url"),
    ]) {
      await expect(store.events.list({ limit: 1, cursor: bad }, {}), bad).rejects.toThrow(coded("cursor_invalid"));
    }
  });

  it("erases payload and fingerprint with the key of the api, or of the only group", async () => {
    await store.events.insertMany([
      event("evt_g", "x", { apiId: "api_gone" }),
      event("evt_h", "x", { apiId: "api_gone", groups: ["grp_kept"] }),
      event("evt_i", "x", { apiId: "api_gone", groups: ["grp_kept", "grp_2"] }),
    ]);
    await store.keyring.destroy("api/api_gone");
    await expect(store.events.payload("evt_g")).rejects.toThrow(coded("key_destroyed"));
    await expect(store.events.payload("evt_i")).rejects.toThrow(coded("key_destroyed"));
    expect(text(await store.events.payload("evt_h"))).toBe("x");
    expect(await store.events.get("evt_g")).toMatchObject({ id: "evt_g", type: "payments.invoice.paid", sha256: "" });
  });

  it("does not open a payload that was moved to another event", async () => {
    await store.events.insertMany([event("evt_m1"), event("evt_m2")]);
    const raw = database.client.db(database.name).collection<{ _id: string; payload: unknown }>("events");
    const other = await raw.findOne({ _id: "evt_m2" });
    await raw.updateOne({ _id: "evt_m1" }, { $set: { payload: other?.payload } });
    await expect(store.events.payload("evt_m1")).rejects.toThrow(coded("sealed_data_invalid"));
  });
});
