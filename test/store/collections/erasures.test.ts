/**
 * Each erasure is followed by somebody who tries to read: in this process, in another one, and in a restored backup.
 */
import { describe, expect, it } from "vitest";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { attempt, coded, event, subscription } from "../fixtures.js";
import { CANARY, GROUP, detail, database, store, other, backup, now, setUpErasures } from "./erasures-setup.js";

setUpErasures();

const DATA = ["events", "deliveries", "subscriptions", "groups", "apiKeys", "changes"];

/** What a reader finds of the group, by every way to read that the store has. */
async function readings(reader: MongoStore) {
  const outcome = (promise: Promise<unknown>) =>
    promise.then(
      (value) => value,
      (error: { code?: string }) => error.code,
    );
  return {
    payload: await outcome(reader.events.payload("evt_theirs")),
    payloads: await outcome(reader.events.payloads(["evt_theirs"]).then((found) => found.size)),
    hash: (await reader.events.get("evt_theirs"))?.sha256,
    detail: (await reader.deliveries.get("evt_theirs.sub_1"))?.attempts[0]?.detail,
    secrets: (await reader.subscriptions.all()).map(({ secrets }) => secrets),
  };
}
const NOTHING = { payload: "key_destroyed", payloads: "key_destroyed", hash: "", detail: undefined, secrets: [] };

describe("of a group", () => {
  it("leaves nothing to read, here at once and elsewhere once it reads the catalogue version", async () => {
    await store.erasures.erase(`group/${GROUP}`, "key:1");
    expect(await readings(store)).toEqual(NOTHING);
    expect(await store.groups.get(GROUP)).toBeUndefined();
    expect(await store.subscriptions.idsOf({ groupId: GROUP })).toEqual([]);
    expect((await store.apiKeys.get("key_1"))?.revokedAt).toBeInstanceOf(Date);
    expect(await store.grantRequests.get("gra_1")).toBeUndefined();
    // Not yet told, the other process still has the key: what makes the test below one that can fail.
    expect(Buffer.from((await other.events.payload("evt_theirs")) ?? []).toString()).toBe(CANARY);
    await other.catalogueVersion();
    expect(await readings(other)).toEqual(NOTHING);
    expect(await readings(await database.openStore())).toEqual(NOTHING);
    expect(Buffer.from((await store.events.payload("evt_kept")) ?? []).toString()).toBe("kept");
    expect((await store.deliveries.get("evt_shared.sub_2"))?.attempts[0]?.detail).toEqual(detail);
    expect(await store.erasures.entries()).toMatchObject([{ target: `group/${GROUP}`, by: "key:1" }]);
  });

  it("is not undone by a backup of the data without the data keys", async () => {
    const restore = await backup(...DATA, "erasures");
    await store.erasures.erase(`group/${GROUP}`, "key:1");
    await restore();
    const after = await database.openStore();
    // The ledger of what grants power, which is not part of this backup, knows that the group's row was deleted.
    expect(await after.groups.get(GROUP)).toBeUndefined();
    expect(await readings(after)).toEqual(NOTHING);
  });

  it("is done again from the ledger after a full restore", async () => {
    const restore = await backup(...DATA, "dataKeys", "erasures");
    await store.erasures.erase(`group/${GROUP}`, "key:1");
    const ledger = await store.erasures.entries();
    await restore();
    const after = await database.openStore();
    expect(await readings(after)).toMatchObject({ detail });
    expect(await after.erasures.enter(ledger)).toBe(1);
    expect(await after.erasures.enter(ledger)).toBe(0);
    expect(await after.erasures.reapply()).toBe(1);
    expect(await readings(after)).toEqual(NOTHING);
    expect(await after.groups.get(GROUP)).toBeUndefined();
    expect((await after.apiKeys.get("key_1"))?.revokedAt).toBeInstanceOf(Date);
    expect(await readings(await database.openStore())).toEqual(NOTHING);
    expect(await after.erasures.reapply()).toBe(0);
  });

  it("is finished from the ledger when the process died after its entry", async () => {
    await store.erasures.enter([{ target: `group/${GROUP}`, at: new Date(), by: "key:1" }]);
    expect(await store.erasures.has(`group/${GROUP}`)).toBe(true);
    expect(await other.erasures.reapply()).toBe(1);
    expect(await readings(other)).toEqual(NOTHING);
    await store.catalogueVersion();
    expect(await readings(store)).toEqual(NOTHING);
  });

  it(
    "keeps what was under way from being sealed anew: records come without detail, events bare, " +
      "subscriptions not at all",
    async () => {
      await store.erasures.erase(`group/${GROUP}`, "key:1");
      for (const each of [store, await database.openStore()]) {
        await each.deliveries.record([
          {
            id: "evt_theirs.sub_1",
            groupId: GROUP,
            status: "delivered",
            attempt: attempt(2, { detail }),
            attemptCount: 2,
          },
        ]);
        expect(await each.deliveries.get("evt_theirs.sub_1")).toMatchObject({
          status: "delivered",
          attempts: [{ number: 1 }, { number: 2 }],
        });
        expect((await each.deliveries.get("evt_theirs.sub_1"))?.attempts[1]?.detail).toBeUndefined();
      }
      expect(
        await store.events.insertMany([event("evt_late", CANARY, { groups: [GROUP] }), event("evt_fine", "fine")]),
      ).toEqual(["evt_late"]);
      expect(await store.events.get("evt_late")).toMatchObject({ sha256: "", expungedAt: expect.any(Date) as Date });
      await expect(store.subscriptions.insert(subscription("sub_new", { groupId: GROUP }))).rejects.toThrow(
        coded("key_destroyed"),
      );
      const raw = await database.client
        .db(database.name)
        .collection("dataKeys")
        .find({ masterKeyId: { $exists: true } })
        .toArray();
      expect(raw.map(({ _id }) => String(_id)).filter((id) => id.includes(GROUP))).toEqual([]);
    },
  );
});

describe("of an api", () => {
  it("takes the content of its events, but not of those that belong to one group", async () => {
    await store.apis.insert({ id: "api_1", name: "Api", ...now });
    await store.eventTypes.insert({ name: "payments.invoice.paid", apiId: "api_1", ...now });
    await store.erasures.erase("api/api_1", "key:1");
    await other.catalogueVersion();
    for (const each of [store, other]) {
      await expect(each.events.payload("evt_shared")).rejects.toThrow(coded("key_destroyed"));
      expect(Buffer.from((await each.events.payload("evt_theirs")) ?? []).toString()).toBe(CANARY);
      expect(await each.events.erasedOf(["evt_shared", "evt_theirs", "evt_none"])).toEqual(new Set(["evt_shared"]));
    }
    expect(await store.apis.get("api_1")).toBeUndefined();
    expect(await store.eventTypes.idsOf({ apiId: "api_1" })).toEqual([]);
  });
});

describe("of a person", () => {
  it("takes what is known of the person, also after a restore, but not what a later return brought", async () => {
    const login = (at: Date) =>
      store.people.loggedIn({ connectionId: "con_1", nameId: CANARY, at, name: CANARY } as Parameters<
        typeof store.people.loggedIn
      >[0]);
    const id = await login(new Date());
    const restore = await backup("people", "dataKeys", "erasures");
    await store.erasures.erase(`person/${id}`, "key:1");
    const ledger = await store.erasures.entries();
    expect(await store.people.get(id)).toBeUndefined();
    await restore();
    const after = await database.openStore();
    expect(await after.people.get(id)).toMatchObject({ nameId: CANARY });
    await after.erasures.enter(ledger);
    expect(await after.erasures.reapply()).toBe(1);
    expect(await after.people.get(id)).toBeUndefined();
    await store.catalogueVersion();
    await expect.poll(() => Date.now()).toBeGreaterThan(ledger[0]?.at.getTime() ?? 0);
    expect(await login(new Date())).toBe(id);
    expect(await after.erasures.reapply()).toBe(0);
    for (const each of [store, after]) expect(await each.people.get(id)).toMatchObject({ nameId: CANARY });
    // Erased once more: the later time is what counts from now on, whichever copy of the ledger is entered.
    await expect.poll(() => Date.now()).toBeGreaterThan(ledger[0]?.at.getTime() ?? 0);
    await store.erasures.erase(`person/${id}`, "key:2");
    expect(await store.people.get(id)).toBeUndefined();
    expect(await store.erasures.enter(ledger)).toBe(0);
    expect(await store.erasures.entries()).toMatchObject([{ target: `person/${id}`, by: "key:2" }]);
  });
});
