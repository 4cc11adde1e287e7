import { afterAll, afterEach, beforeAll, expect, inject, it } from "vitest";
import { createCatalogue, type Catalogue } from "../../../src/catalogue/catalogue.js";
import { OWN_API_ID, ownEventTypes } from "../../../src/catalogue/notices/own-api.js";
import { createSchemaCompiler } from "../../../src/catalogue/schema-validator.js";
import { createWatchdog } from "../../../src/catalogue/watchdog.js";
import { refuseEventType } from "../../../src/api/catalogue/event-type-changes.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { NOTICE_KINDS } from "../../../src/store/notices/notice.js";
import { ensureOwnApi } from "../../../src/workers/notices/own-api.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";

let database: TestDatabase;
let store: MongoStore;
let catalogue: Catalogue;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "ownapi");
  store = await database.openStore();
  catalogue = await createCatalogue({ store });
});
afterAll(async () => {
  catalogue?.close();
  await database?.close();
});
afterEach(async () => {
  for (const { name } of await store.eventTypes.all()) await store.eventTypes.delete(name);
  for (const { id } of await store.apis.all()) await store.apis.delete(id);
  await catalogue.refresh();
});
interface Example {
  reason?: string;
}

const now = { createdAt: new Date(), updatedAt: new Date() };
const names = async (): Promise<string[]> => (await store.eventTypes.all()).map(({ name }) => name).sort();

it("every type has a schema that compiles and an example that satisfies it", () => {
  const compile = createSchemaCompiler(createWatchdog());
  for (const type of ownEventTypes()) expect(refuseEventType(compile, { ...type, ...now }), type.name).toBeUndefined();
});

it("an example gives a reason that its event can have", () => {
  const reasons = new Map(
    ownEventTypes().map(({ name, examples }) => [name.slice("sealpost.".length), (examples?.[0] as Example).reason]),
  );
  // A 410 disables. Whoever only fails answers something else.
  expect([...reasons].filter(([, reason]) => reason?.includes("410")).map(([kind]) => kind)).toEqual([
    "subscription.disabled",
  ]);
  expect(reasons.get("subscription.failing")).toBe("None of the last 26 attempts succeeded, over 6 minutes.");
  expect(reasons.get("delivery.exhausted")).toContain("HTTP 503");
  expect(reasons.get("recovery.finished")).toBeUndefined();
});

it("the warning before an endpoint is disabled has a member for when, in schema and example", () => {
  const failing = ownEventTypes().find(({ name }) => name === "sealpost.subscription.failing");
  expect(failing?.schema).toMatchObject({ properties: { disablesAt: { format: "date-time" } } });
  expect(failing?.examples?.[0]).toMatchObject({ disablesAt: expect.stringMatching(/^2026-/) as string });
});

it("what a grant of the whole api does not hold says so", () => {
  const byName = ownEventTypes().filter(({ description }) =>
    description?.includes("granted this event type by its name"),
  );
  expect(byName.map(({ name }) => name)).toEqual(["sealpost.recovery.waiting", "sealpost.audit.broken"]);
});

it("is made once, by several processes at once, and costs no write when it is there", async () => {
  await Promise.all([ensureOwnApi(store, catalogue), ensureOwnApi(store, catalogue)]);
  expect(await names()).toEqual(NOTICE_KINDS.map((kind) => `sealpost.${kind}`).sort());
  expect(await store.apis.get(OWN_API_ID)).toMatchObject({ name: "sealpost", listed: true, approval: "automatic" });
  await catalogue.refresh();
  const before = await store.catalogueVersion();
  expect(await ensureOwnApi(store, catalogue)).toEqual({ taken: [] });
  expect(await store.catalogueVersion()).toBe(before);
});

it("is brought up to this release, and what an admin has set of the api stays", async () => {
  await ensureOwnApi(store, catalogue);
  await store.apis.update(OWN_API_ID, (api) => ({ ...api, listed: false, retentionDays: 40 }));
  await store.eventTypes.update("sealpost.secret.rotated", (type) => ({ ...type, schema: { type: "array" } }));
  await catalogue.refresh();
  await ensureOwnApi(store, catalogue);
  const wanted = ownEventTypes().find(({ name }) => name === "sealpost.secret.rotated");
  expect(await store.eventTypes.get("sealpost.secret.rotated")).toMatchObject({ ...wanted, version: 2 });
  expect(await store.apis.get(OWN_API_ID)).toMatchObject({ listed: false, retentionDays: 40 });
});

it("takes over nothing that somebody else has made", async () => {
  const other = { id: "api_other", name: "Theirs", ...now };
  await store.apis.insert(other);
  const theirs = { name: "sealpost.delivery.parked", apiId: other.id, description: "Theirs", ...now };
  await store.eventTypes.insert(theirs);
  await catalogue.refresh();
  expect(await ensureOwnApi(store, catalogue)).toEqual({ taken: ["sealpost.delivery.parked"] });
  expect(await store.eventTypes.get("sealpost.delivery.parked")).toMatchObject({ apiId: other.id });
  expect(await names()).toHaveLength(NOTICE_KINDS.length);
});

it("leaves an api of somebody else with its id alone", async () => {
  await store.apis.insert({ id: OWN_API_ID, name: "Theirs", ...now });
  await catalogue.refresh();
  expect(await ensureOwnApi(store, catalogue)).toEqual({ taken: [OWN_API_ID] });
  expect(await names()).toEqual([]);
  expect(await store.apis.get(OWN_API_ID)).toMatchObject({ name: "Theirs" });
});
