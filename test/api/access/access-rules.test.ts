/** The rules on objects, one by one and without a server: what each actor sees, owns and may hand on. */
import { describe, expect, test } from "vitest";
import * as access from "../../../src/api/access/access.js";
import type { Actor } from "../../../src/api/access/actor.js";
import type { Catalogue } from "../../../src/catalogue/catalogue.js";
import { TEST_EVENT_TYPE } from "../../../src/catalogue/routes.js";
import type { Api, EventType, Group, Role } from "../../../src/store/model.js";
import { subscription } from "../../store/fixtures.js";

const EARLY = new Date("2026-01-01T00:00:00Z");
const LATE = new Date("2026-06-01T00:00:00Z");
const dated = { createdAt: EARLY, updatedAt: EARLY };

const apis: Api[] = [
  { id: "api_1", name: "one", ...dated },
  { id: "api_2", name: "two", listed: true, ...dated },
  { id: "api_3", name: "three", listed: false, ...dated },
];
const eventTypes: EventType[] = [
  { name: "one.made", apiId: "api_1", ...dated },
  { name: "one.gone", apiId: "api_1", ...dated },
  { name: "two.made", apiId: "api_2", ...dated, createdAt: LATE },
  { name: "three.made", apiId: "api_3", ...dated },
];
const groups: Group[] = [
  { id: "grp_1", name: "first", grants: ["api_1", "two.made", "unknown"], samlGroups: [], ...dated },
  { id: "grp_2", name: "second", grants: ["one.made"], samlGroups: [], ...dated },
];
const one = subscription("sub_1", { eventTypes: ["one.made"] });
const mixed = subscription("sub_12", { eventTypes: ["one.made", "two.made"] });

const eventTypeOf = (name: string) => eventTypes.find((each) => each.name === name);
const groupOf = (id: string) => groups.find((each) => each.id === id);
/** The tables above, which nothing changes. */
const catalogue: Catalogue = {
  version: 1,
  refresh: async () => undefined,
  api: (id) => apis.find((each) => each.id === id),
  apis: () => apis,
  apiByExternalId: () => undefined,
  groupByExternalId: () => undefined,
  eventType: eventTypeOf,
  eventTypes: () => eventTypes,
  group: groupOf,
  subscription: (id) => [one, mixed].find((each) => each.id === id),
  subscriptions: () => [one, mixed],
  apiKey: () => undefined,
  routes: () => [],
  leftOut: () => undefined,
  pauseEnd: () => 0,
  granted: (groupId, name) => {
    const type = eventTypeOf(name);
    return type !== undefined && [type.name, type.apiId].some((each) => groupOf(groupId)?.grants.includes(each));
  },
  close: () => undefined,
};

const actor = (limits: Omit<Actor, "name" | "role"> = {}, role: Role = "admin"): Actor => ({
  name: "key:k",
  role,
  ...limits,
});
const everywhere = actor();
const consumer = actor({ groupIds: ["grp_1"] }, "consumer");
const second = actor({ groupIds: ["grp_2"] }, "consumer");
const nobody = actor({ groupIds: [] }, "consumer");
const provider = actor({ apiIds: ["api_1"] }, "provider");

const ALL: readonly Role[] = ["admin", "provider", "consumer", "operator", "auditor"];
const WHO: Record<access.Act, readonly Role[]> = {
  "catalogue:read": ALL,
  "catalogue:write": ["admin", "provider"],
  "groups:read": ALL,
  "groups:write": ["admin", "provider"],
  "grants:ask": ["admin", "consumer"],
  "grants:read": ALL,
  "grants:decide": ["admin", "provider"],
  "subscriptions:read": ALL,
  "subscriptions:write": ["admin", "provider", "consumer"],
  "subscriptions:run": ["admin", "provider", "consumer", "operator"],
  "subscriptions:decide": ["admin", "provider"],
  "events:publish": ["admin", "provider"],
  "events:read": ["admin", "provider", "operator", "auditor"],
  "routing:read": ALL,
  "events:expunge": ["admin", "provider"],
  "deliveries:read": ALL,
  "deliveries:write": ["admin", "provider", "consumer", "operator"],
  "recoveries:read": ALL,
  "recoveries:write": ["admin", "provider", "consumer", "operator"],
  "recoveries:release": ["admin", "operator"],
  "holds:read": ["admin", "auditor"],
  "holds:write": ["admin"],
  "retention:write": ["admin"],
  "keys:read": ["admin", "auditor"],
  "keys:write": ["admin"],
  "connections:read": ["admin", "auditor"],
  "connections:write": ["admin"],
  "people:read": ["admin", "auditor"],
  "people:write": ["admin"],
  "session:own": ALL,
  "audit:read": ["admin", "auditor"],
  "settings:read": ["admin", "auditor"],
  "codec:encode": ["admin", "provider", "operator"],
  "codec:decode": ["admin", "operator"],
  "temporal:use": ["admin", "operator"],
  "service:read": ["admin", "operator"],
};

describe("acts", () => {
  test("are allowed to exactly these roles", () => {
    expect(access.ACTS).toEqual(WHO);
    for (const act of Object.keys(WHO) as access.Act[])
      expect(ALL.filter((role) => access.mayAct({ role }, act))).toEqual(ALL.filter((role) => WHO[act].includes(role)));
  });
  test("are those of the scopes and of the role together", () => {
    expect(access.mayAct({ role: "admin", scopes: ["keys:read"] }, "keys:read")).toBe(true);
    expect(access.mayAct({ role: "admin", scopes: ["keys:read"] }, "keys:write")).toBe(false);
    expect(access.mayAct({ role: "admin", scopes: [] }, "keys:read")).toBe(false);
    expect(access.mayAct({ role: "consumer", scopes: ["keys:read"] }, "keys:read")).toBe(false);
  });
  test("on content are closed to the auditor only", () => {
    expect(ALL.filter((role) => !access.seesContent({ role }))).toEqual(["auditor"]);
  });
});

test("a key covers another when its acts, content, groups and apis all include the other's", () => {
  const admin = { role: "admin" } as const;
  expect(access.covers(admin, { role: "consumer", groupIds: ["g"] })).toBe(true);
  expect(access.covers({ role: "provider" }, admin)).toBe(false);
  // The same acts, but one of them sees content.
  const read = ["audit:read"];
  expect(access.covers({ role: "auditor", scopes: read }, { ...admin, scopes: read })).toBe(false);
  expect(access.covers({ ...admin, scopes: read }, { role: "auditor", scopes: read })).toBe(true);
  expect(access.covers({ role: "auditor", scopes: read }, { role: "auditor", scopes: read })).toBe(true);
  for (const limit of ["groupIds", "apiIds"] as const) {
    expect(access.covers({ ...admin, [limit]: ["a"] }, admin)).toBe(false);
    expect(access.covers(admin, { ...admin, [limit]: ["a"] })).toBe(true);
    expect(access.covers({ ...admin, [limit]: ["a", "b"] }, { ...admin, [limit]: ["b"] })).toBe(true);
    expect(access.covers({ ...admin, [limit]: ["a"] }, { ...admin, [limit]: ["a", "b"] })).toBe(false);
    expect(access.covers({ ...admin, [limit]: ["a"] }, { ...admin, [limit]: [] })).toBe(true);
  }
});

test("a group is seen by who acts for it or for all", () => {
  expect([everywhere, provider, consumer, second, nobody].map((who) => access.seesGroup(who, "grp_1"))).toEqual([
    true,
    true,
    true,
    false,
    false,
  ]);
});

test("an api and its event types are owned within the limits; what is unknown is owned by no limited actor", () => {
  expect(access.ownsApi(everywhere, undefined)).toBe(true);
  expect(access.ownsApi(provider, undefined)).toBe(false);
  expect(access.ownsApi(provider, "api_1")).toBe(true);
  expect(access.ownsApi(provider, "api_2")).toBe(false);
  expect(["one.made", "two.made", "none"].map((name) => access.ownsEventType(provider, catalogue, name))).toEqual([
    true,
    false,
    false,
  ]);
  expect(access.ownsEventType(everywhere, catalogue, "none")).toBe(true);
});

test("an event type is seen by who owns it, and of consumers by whose group is granted it", () => {
  const names = ["one.made", "one.gone", "two.made", "three.made"];
  const seen = (who: Actor) => names.filter((name) => access.seesEventType(who, catalogue, name));
  const both = actor({ groupIds: ["grp_1"], apiIds: ["api_2"] });
  const cases: [Actor, string[]][] = [
    [everywhere, names],
    [provider, ["one.made", "one.gone"]],
    [consumer, ["one.made", "one.gone", "two.made"]],
    [second, ["one.made"]],
    [actor({ groupIds: ["grp_3", "grp_2"] }), ["one.made"]],
    [nobody, []],
    [both, ["two.made"]],
  ];
  for (const [who, expected] of cases) {
    expect(seen(who)).toEqual(expected);
    const filter = access.eventTypeFilter(who, catalogue);
    expect(eventTypes.filter(filter).map(({ name }) => name)).toEqual(expected);
  }
});

test("an api is seen by who owns it or is granted a part of it, and found when it is listed", () => {
  expect([...access.grantedApis(consumer, catalogue)]).toEqual(["api_1", "api_2"]);
  expect([...access.grantedApis(actor({ groupIds: ["grp_3"] }), catalogue)]).toEqual([]);
  expect([...access.grantedApis(everywhere, catalogue)]).toEqual([]);
  const ids = ["api_1", "api_2", "api_3", "api_9"];
  const seen = (who: Actor) => ids.filter((id) => access.seesApi(who, catalogue, id));
  const found = (who: Actor) => ids.filter((id) => access.discoversApi(who, catalogue, id));
  expect([everywhere, provider, consumer, second, nobody].map(seen)).toEqual([
    ids,
    ["api_1"],
    ["api_1", "api_2"],
    ["api_1"],
    [],
  ]);
  expect([provider, second, nobody].map(found)).toEqual([["api_1"], ["api_1", "api_2"], ["api_2"]]);
  expect(seen(actor({ groupIds: ["grp_1"], apiIds: ["api_2"] }))).toEqual(["api_2"]);
});

test("a subscription is seen with its group, by a limited provider only when every event type is its own", () => {
  const seen = (who: Actor) => [one, mixed].map((each) => access.seesSubscription(who, catalogue, each));
  expect([everywhere, provider, consumer, second].map(seen)).toEqual([
    [true, true],
    [true, false],
    [true, true],
    [false, false],
  ]);
});

describe("a delivery", () => {
  const delivery = { groupId: "grp_1", eventType: "one.made", subscriptionId: "sub_1", createdAt: LATE };
  const sees = (who: Actor, over: Partial<typeof delivery> = {}) =>
    access.seesDelivery(who, catalogue, { ...delivery, ...over });

  test("is seen with its group and within the apis", () => {
    expect([everywhere, provider, consumer, second].map((who) => sees(who))).toEqual([true, true, true, false]);
    expect(sees(provider, { eventType: "two.made" })).toBe(false);
    expect(sees(provider, { eventType: "none" })).toBe(false);
    expect(sees(everywhere, { eventType: "none" })).toBe(true);
  });
  test("of a name that was another api's before is not seen by whoever took the name", () => {
    const owner = actor({ apiIds: ["api_2"] }, "provider");
    expect(sees(owner, { eventType: "two.made", createdAt: LATE })).toBe(true);
    expect(sees(owner, { eventType: "two.made", createdAt: EARLY })).toBe(false);
  });
  test("of a test event is seen with its subscription", () => {
    const of = (subscriptionId: string) => ({ eventType: TEST_EVENT_TYPE, subscriptionId });
    expect(sees(provider, of("sub_1"))).toBe(true);
    expect(sees(provider, of("sub_12"))).toBe(false);
    expect(sees(provider, of("sub_9"))).toBe(false);
    expect(sees(everywhere, of("sub_9"))).toBe(true);
    expect(sees(second, of("sub_1"))).toBe(false);
  });
});

test("grants are the actor's to give when each is of an own api", () => {
  const own = (who: Actor, ...grants: string[]) => access.ownsGrants(who, catalogue, grants);
  expect(own(provider, "api_1", "one.made")).toBe(true);
  expect(own(provider, "api_1", "two.made")).toBe(false);
  expect(own(provider, "api_2")).toBe(false);
  expect(own(provider, "unknown")).toBe(false);
  expect(own(everywhere, "unknown")).toBe(true);
});
