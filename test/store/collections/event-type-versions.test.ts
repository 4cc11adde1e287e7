import { afterAll, beforeAll, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/index.js";
import { openDatabase, type TestDatabase } from "../database.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "versions");
  store = await database.openStore();
});
afterAll(() => database?.close());

const at = new Date("2026-01-01T00:00:00Z");
const version = (number: number, schema: Record<string, unknown>) => ({
  name: "a.b",
  version: number,
  schema,
  examples: [{ $ref: 1 }],
  createdAt: at,
  supersededAt: at,
});

it("keeps schemas whose names the engine would refuse, and overwrites what is written again", async () => {
  await store.eventTypeVersions.put(version(1, { $ref: "#/$defs/x", "a.b": {}, $defs: { x: {} } }));
  await store.eventTypeVersions.put(version(2, { type: "string" }));
  await store.eventTypeVersions.put(version(2, { type: "number" }));
  expect(await store.eventTypeVersions.getMany("a.b", [3, 2, 1])).toEqual([
    version(2, { type: "number" }),
    version(1, { $ref: "#/$defs/x", "a.b": {}, $defs: { x: {} } }),
  ]);
  expect(await store.eventTypeVersions.get("a.c", 1)).toBeUndefined();
  await store.eventTypeVersions.delete("a.b", [1, 2, 3]);
  expect(await store.eventTypeVersions.getMany("a.b", [1, 2])).toEqual([]);
});

it("keeps an event type with all its fields", async () => {
  const type = {
    name: "a.b",
    apiId: "api_1",
    description: "d",
    schema: { $id: "x", $ref: "#" },
    examples: [1, { $where: 1 }],
    version: 3,
    versionAt: at,
    validation: "warn" as const,
    deprecation: { at, sunsetAt: at, replacedBy: "a.c", note: "n" },
    createdAt: at,
    updatedAt: at,
  };
  await store.eventTypes.insert(type);
  const read = await store.eventTypes.get("a.b");
  expect(read).toEqual(type);
  expect({ ...read }).toEqual(type);
  const changed = await store.eventTypes.update("a.b", (current) => ({ ...current, schema: {} }));
  expect(changed).toMatchObject({ schema: {}, examples: [1, { $where: 1 }], version: 3 });
});
