import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type Catalogue, createCatalogue } from "../../src/catalogue/catalogue.js";
import { apiOf, isKnownType, routesOf, routingOf, TEST_EVENT_TYPE } from "../../src/catalogue/routes.js";
import { openDatabase, type TestDatabase } from "../store/database.js";
import { subscription } from "../store/fixtures.js";

let database: TestDatabase;
let catalogue: Catalogue;
const now = { createdAt: new Date(), updatedAt: new Date() };

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "routes");
  const store = await database.openStore();
  await store.apis.insert({ id: "api_1", name: "One", ...now });
  for (const name of ["one.a", "one.b"]) await store.eventTypes.insert({ name, apiId: "api_1", ...now });
  for (const id of ["grp_a", "grp_b"])
    await store.groups.insert({ id, name: id, grants: ["api_1"], samlGroups: [], ...now });
  const eventTypes = ["one.a"];
  await store.subscriptions.insert(subscription("sub_a", { groupId: "grp_a", eventTypes }));
  await store.subscriptions.insert(subscription("sub_b", { groupId: "grp_b", eventTypes }));
  await store.subscriptions.insert(subscription("sub_held", { groupId: "grp_b", eventTypes, status: "suspended" }));
  await store.subscriptions.insert(subscription("sub_new", { groupId: "grp_a", eventTypes, status: "verified" }));
  await store.subscriptions.insert(subscription("sub_draft", { groupId: "grp_a", eventTypes, status: "draft" }));
  catalogue = await createCatalogue({ store, pollMs: 60_000 });
});
afterAll(async () => {
  catalogue?.close();
  await database?.close();
});

const to = (event: Parameters<typeof routesOf>[1]) =>
  routesOf(catalogue, event)
    .map(({ id }) => id)
    .sort();

describe("an event goes", () => {
  it("to all that subscribe to its type, in service or held", () => {
    expect(to({ type: "one.a" })).toEqual(["sub_a", "sub_b", "sub_held"]);
    expect(to({ type: "one.b" })).toEqual([]);
    expect(to({ type: "no.such" })).toEqual([]);
  });
  it("only to the groups it is addressed to, and to nobody when there are none", () => {
    expect(to({ type: "one.a", groups: ["grp_b"] })).toEqual(["sub_b", "sub_held"]);
    expect(to({ type: "one.a", groups: ["grp_a", "grp_b"] })).toEqual(["sub_a", "sub_b", "sub_held"]);
    expect(to({ type: "one.a", groups: ["grp_none"] })).toEqual([]);
    expect(to({ type: "one.a", groups: [] })).toEqual([]);
  });
  it("only to the subscriptions it names, and only if they would get it anyway", () => {
    expect(to({ type: "one.a", subscriptionIds: ["sub_a", "sub_none"] })).toEqual(["sub_a"]);
    expect(to({ type: "one.b", subscriptionIds: ["sub_a"] })).toEqual([]);
    expect(to({ type: "one.a", subscriptionIds: ["sub_new", "sub_draft"] })).toEqual([]);
    expect(to({ type: "one.a", subscriptionIds: [] })).toEqual([]);
  });
});

describe("a test event", () => {
  it("goes to the subscription it names from the time its endpoint is verified, and to no other", () => {
    expect(to({ type: TEST_EVENT_TYPE, subscriptionIds: ["sub_new", "sub_draft", "sub_held", "sub_a"] })).toEqual([
      "sub_a",
      "sub_held",
      "sub_new",
    ]);
    expect(to({ type: TEST_EVENT_TYPE })).toEqual([]);
  });
  it.each([
    ["active", "sent", "sent"],
    ["verified", "none", "sent"],
    ["draft", "none", "none"],
    ["suspended", "held", "held"],
  ] as const)("of a %s subscription: %s, and %s", (status, ordinary, test) => {
    expect([routingOf({ status }, "one.a"), routingOf({ status }, TEST_EVENT_TYPE)]).toEqual([ordinary, test]);
  });
});

it("knows the types of the catalogue and its own, and whose they are", () => {
  expect(["one.a", TEST_EVENT_TYPE, "no.such"].map((type) => isKnownType(catalogue, type))).toEqual([
    true,
    true,
    false,
  ]);
  expect(["one.a", TEST_EVENT_TYPE].map((type) => apiOf(catalogue, type))).toEqual(["api_1", ""]);
});
