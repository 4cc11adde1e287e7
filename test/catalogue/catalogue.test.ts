import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { type Catalogue, createCatalogue } from "../../src/catalogue/catalogue.js";
import type { MongoStore } from "../../src/store/index.js";
import { openDatabase, type TestDatabase } from "../store/database.js";
import { subscription } from "../store/fixtures.js";

let database: TestDatabase;
let store: MongoStore;
let other: MongoStore;
const open: Catalogue[] = [];
const now = { createdAt: new Date(), updatedAt: new Date() };
const catalogueOf = async (pollMs: number): Promise<Catalogue> => {
  const catalogue = await createCatalogue({ store, pollMs });
  open.push(catalogue);
  return catalogue;
};

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "catalogue");
  [store, other] = [await database.openStore(), await database.openStore()];
  await store.apis.insert({ id: "api_1", name: "One", ...now });
  for (const name of ["one.a", "one.b"]) await store.eventTypes.insert({ name, apiId: "api_1", ...now });
  await store.groups.insert({ id: "grp_all", name: "All", grants: ["api_1"], samlGroups: [], ...now });
  await store.groups.insert({ id: "grp_a", name: "Only a", grants: ["one.a"], samlGroups: [], ...now });
  await store.subscriptions.insert(subscription("sub_all", { groupId: "grp_all", eventTypes: ["one.a", "one.b"] }));
  await store.subscriptions.insert(
    subscription("sub_a", { groupId: "grp_a", eventTypes: ["one.a", "one.b", "one.a"] }),
  );
});
afterAll(async () => {
  for (const catalogue of open) catalogue.close();
  await database?.close();
});

const routed = (catalogue: Catalogue, type: string) =>
  catalogue
    .routes(type)
    .map(({ id }) => id)
    .sort();

it("routes by grant, of the api or of the type by name, and each subscription once", async () => {
  const catalogue = await catalogueOf(60_000);
  expect(routed(catalogue, "one.a")).toEqual(["sub_a", "sub_all"]);
  expect(routed(catalogue, "one.b")).toEqual(["sub_all"]);
  expect(routed(catalogue, "one.none")).toEqual([]);
  expect([
    catalogue.granted("grp_a", "one.a"),
    catalogue.granted("grp_a", "one.b"),
    catalogue.granted("grp_all", "one.b"),
    catalogue.granted("grp_none", "one.a"),
  ]).toEqual([true, false, true, false]);
});

it("sees a change of another process when asked, and at the latest version asked for", async () => {
  const catalogue = await catalogueOf(60_000);
  const before = catalogue.version;
  await other.subscriptions.update("sub_all", (current) => ({ ...current, url: "https://moved.example/" }));
  await catalogue.refresh(before);
  expect(catalogue.subscription("sub_all")?.url).not.toBe("https://moved.example/");
  await Promise.all([catalogue.refresh(before + 1), catalogue.refresh(), catalogue.refresh()]);
  expect(catalogue.version).toBeGreaterThan(before);
  expect(catalogue.subscription("sub_all")?.url).toBe("https://moved.example/");
});

it("reads anew only what was written, and everything when an earlier release wrote", async () => {
  const catalogue = await catalogueOf(60_000);
  const [type, group, untouched] = [
    catalogue.eventType("one.a"),
    catalogue.group("grp_all"),
    catalogue.subscription("sub_a"),
  ];
  await other.subscriptions.update("sub_all", (current) => ({ ...current, url: "https://again.example/" }));
  await catalogue.refresh();
  expect(catalogue.subscription("sub_all")?.url).toBe("https://again.example/");
  expect(catalogue.routes("one.a").map(({ url }) => url)).toContain("https://again.example/");
  expect(catalogue.eventType("one.a")).toBe(type);
  expect(catalogue.group("grp_all")).toBe(group);
  await other.eventTypes.insert({
    name: "one.c",
    apiId: "api_1",
    createdAt: new Date(now.createdAt.getTime() + 1),
    updatedAt: new Date(),
  });
  await catalogue.refresh();
  expect(catalogue.eventType("one.a")).toBe(type);
  expect(catalogue.subscription("sub_a")).toBe(untouched);
  expect(catalogue.eventTypes().map(({ name }) => name)).toEqual(["one.c", "one.b", "one.a"]);
  expect(catalogue.group("grp_all")).toBe(group);
  await other.eventTypes.delete("one.c");
  await catalogue.refresh();
  expect(catalogue.eventTypes().map(({ name }) => name)).toEqual(["one.b", "one.a"]);
  await database.client
    .db(database.name)
    .collection<{ _id: string }>("changes")
    .updateOne({ _id: "catalogue" }, { $inc: { version: 1 } });
  await catalogue.refresh();
  expect(catalogue.group("grp_all")).not.toBe(group);
});

it("reads one changed subscription alone, and the whole collection when it missed too many changes", async () => {
  const reads: string[] = [];
  const counted: Pick<MongoStore, "subscriptions"> = {
    subscriptions: {
      ...store.subscriptions,
      get: (id) => (reads.push(id), store.subscriptions.get(id)),
      all: () => (reads.push("all"), store.subscriptions.all()),
    },
  };
  const catalogue = await createCatalogue({ store: { ...store, ...counted }, pollMs: 60_000 });
  open.push(catalogue);
  expect(reads.splice(0)).toEqual(["all"]);
  await other.subscriptions.update("sub_all", (current) => ({ ...current, name: "one read" }));
  await other.groups.insert({ id: "grp_empty", name: "Empty", grants: [], samlGroups: [], ...now });
  await catalogue.refresh();
  expect(reads.splice(0)).toEqual(["sub_all"]);
  expect(catalogue.subscription("sub_all")?.name).toBe("one read");
  // With a group its subscriptions are opened again.
  await other.groups.update("grp_a", (current) => ({ ...current, name: "Still only a" }));
  await catalogue.refresh();
  expect(reads.splice(0)).toEqual(["sub_a"]);
  // Whoever missed more writes than are listed reads everything of the collections that changed.
  await other.subscriptions.update("sub_all", (current) => ({ ...current, name: "missed" }));
  await database.client
    .db(database.name)
    .collection<{ _id: string }>("changes")
    .updateOne({ _id: "catalogue" }, { $set: { recent: [] } });
  await catalogue.refresh();
  expect(reads.splice(0)).toEqual(["all"]);
  expect(catalogue.subscription("sub_all")?.name).toBe("missed");
  await other.groups.delete("grp_empty");
});

it("reads everything again from time to time, so that a change which nobody announced is seen", async () => {
  const catalogue = await createCatalogue({ store, pollMs: 20, rereadMs: 300 });
  open.push(catalogue);
  await other.subscriptions.insert(subscription("sub_silent", { groupId: "grp_all", eventTypes: ["one.a"] }));
  await expect.poll(() => catalogue.subscription("sub_silent")?.id, { timeout: 20_000 }).toBe("sub_silent");
  // As a process leaves it that is killed between the deletion and its announcement.
  await database.client.db(database.name).collection<{ _id: string }>("subscriptions").deleteOne({ _id: "sub_silent" });
  await expect.poll(() => catalogue.subscription("sub_silent"), { timeout: 20_000 }).toBeUndefined();
  catalogue.close();
});

it("opens a group's subscriptions anew with the group: their data key may have been destroyed elsewhere", async () => {
  await other.groups.insert({ id: "grp_gone", name: "Gone", grants: ["api_1"], samlGroups: [], ...now });
  await other.subscriptions.insert(subscription("sub_gone", { groupId: "grp_gone", eventTypes: ["one.a"] }));
  const catalogue = await catalogueOf(60_000);
  expect(catalogue.subscription("sub_gone")?.id).toBe("sub_gone");
  // As a deletion does that was broken off in between: the subscription is still there, and nobody can open it.
  await other.keyring.destroy("group/grp_gone");
  await other.groups.delete("grp_gone");
  // So that every process drops the keys it has in memory.
  await other.erasures.erase("event/evt_other", "key:1");
  await catalogue.refresh();
  expect(catalogue.subscription("sub_gone")).toBeUndefined();
  expect(catalogue.subscription("sub_all")?.id).toBe("sub_all");
  await other.subscriptions.delete("sub_gone");
});

it("follows the store by itself", async () => {
  const catalogue = await catalogueOf(100);
  await other.groups.update("grp_a", (current) => ({ ...current, grants: ["one.b"] }));
  await expect.poll(() => routed(catalogue, "one.b"), { timeout: 20_000 }).toEqual(["sub_a", "sub_all"]);
  expect(routed(catalogue, "one.a")).toEqual(["sub_all"]);
});

it("keeps its content while the store is away, and says so", async () => {
  const away = await database.openStore();
  const troubles: unknown[] = [];
  const catalogue = await createCatalogue({ store: away, pollMs: 100, onTrouble: (error) => troubles.push(error) });
  open.push(catalogue);
  await away.close();
  await expect(catalogue.refresh()).rejects.toMatchObject({ code: "unavailable" });
  await expect.poll(() => troubles.length, { timeout: 20_000 }).toBeGreaterThan(0);
  expect(catalogue.subscription("sub_all")?.id).toBe("sub_all");
});
