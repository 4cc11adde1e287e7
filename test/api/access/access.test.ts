/**
 * Every operation of the OpenAPI document x every role x whose object: broken object and function level authorisation
 * in one matrix. What a new route needs to be called with stands in route-samples.ts; nothing has to be added here.
 */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ACTS, mayAct } from "../../../src/api/access/access.js";
import { routesOf } from "../../../src/api/index.js";
import { buildOpenApi } from "../../../src/api/openapi.js";
import { newId } from "../../../src/store/ids.js";
import { type Role, ROLES } from "../../../src/store/model.js";
import {
  bodyOf,
  EXCEPTIONS,
  hasParameter,
  isAbsent,
  makeObjects,
  type Objects,
  type Operation,
  operationsOf,
  pathOf,
} from "../route-samples.js";
import { type RunningApi, startApi } from "../running-api.js";

const OPERATIONS = operationsOf(buildOpenApi(routesOf(), "0.0.0-test"));
const CLOSED = OPERATIONS.filter((operation) => operation.roles !== undefined);
const named = (operations: readonly Operation[]) =>
  operations.map(
    (operation) => [`${operation.operationId}: ${operation.method} ${operation.path}`, operation] as const,
  );

/** In production everything but the state of the service needs a key. */
const production = { settings: { production: true } };
let api: RunningApi;
let mine: Objects;
let theirs: Objects;
/** Tokens of my own, by role. */
let keys: Record<Role, string>;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl"), ...production });
  mine = await makeObjects(api, "mine");
  theirs = await makeObjects(api, "theirs");
  const of = async (role: Role) => (await api.key({ role })).token;
  keys = {
    admin: await of("admin"),
    provider: mine.providerKey,
    consumer: mine.consumerKey,
    operator: await of("operator"),
    auditor: await of("auditor"),
  };
});
afterAll(() => api?.close());

/** The answer's status and problem code. Each answer must be one that the document names. */
async function ask(operation: Operation, of: Objects, key: string): Promise<{ status: number; code?: string }> {
  const { status, body, text, headers } = await api.call(operation.method, pathOf(operation, of), {
    key,
    ...bodyOf(operation),
  });
  expect(operation.statuses, `the document does not tell of ${operation.operationId} answering ${status}`).toContain(
    status,
  );
  if (status < 400) return { status };
  expect(headers["content-type"], text).toBe("application/problem+json");
  return { status, code: String(body["code"]) };
}

const FORBIDDEN = { status: 403, code: "forbidden" };
const UNAUTHENTICATED = { status: 401, code: "unauthenticated" };
/** Roles whose keys are limited to objects here; the others see everything. */
const LIMITED: readonly Role[] = ["consumer", "provider"];
const SEEING_ALL: readonly Role[] = ROLES.filter((role) => !LIMITED.includes(role));

describe("a role that the act is not for is refused with 403, whatever the object", () => {
  test.each(named(CLOSED.filter(({ roles = [] }) => roles.length < ROLES.length)))("%s", async (_name, operation) => {
    for (const role of ROLES.filter((each) => operation.roles?.includes(each) === false)) {
      for (const of of [mine, theirs]) expect(await ask(operation, of, keys[role]), role).toEqual(FORBIDDEN);
    }
  });
});

describe("another tenant's object is 404, and nothing changes in it", () => {
  test.each(named(CLOSED.filter(hasParameter)))("%s", async (_name, operation) => {
    const roles = LIMITED.filter((role) => operation.roles?.includes(role));
    const before = await stateOf(theirs);
    for (const role of roles) {
      const exception = EXCEPTIONS[operation.operationId];
      const expected = (exception?.role === role && exception.theirs) || 404;
      expect((await ask(operation, theirs, keys[role])).status, role).toBe(expected);
    }
    if (roles.length > 0) expect(await stateOf(theirs)).toEqual(before);
  });
});

/** What an admin reads of a tenant's objects. */
async function stateOf(of: Objects): Promise<unknown[]> {
  const paths = [
    `apis/${of.apiId}`,
    `event-types/${of.eventType}`,
    `groups/${of.groupId}`,
    `subscriptions/${of.subscriptionId}`,
    `deliveries/${of.deliveryId}`,
    `recoveries/${of.recoveryId}`,
  ];
  return Promise.all(paths.map(async (path) => (await api.call("GET", `/v1/${path}`)).body));
}

describe("one's own object can be read", () => {
  test.each(named(CLOSED.filter((operation) => operation.method === "GET" && hasParameter(operation))))(
    "%s",
    async (_name, operation) => {
      for (const role of operation.roles ?? []) {
        const exception = EXCEPTIONS[operation.operationId];
        const expected = isAbsent(operation) ? 404 : (exception?.role === role && exception.own) || 200;
        expect((await ask(operation, mine, keys[role])).status, role).toBe(expected);
        if (SEEING_ALL.includes(role)) expect((await ask(operation, theirs, keys[role])).status, role).toBe(expected);
      }
    },
  );
});

describe("a list or a service page opens for the roles of its act", () => {
  test.each(named(CLOSED.filter((operation) => operation.method === "GET" && !hasParameter(operation))))(
    "%s",
    async (_name, operation) => {
      for (const role of operation.roles ?? [])
        expect((await ask(operation, mine, keys[role])).status, role).toBeLessThan(400);
    },
  );
});

describe("without a good key it is 401, with a key of other scopes 403", () => {
  let bad: Record<string, string>;
  let scoped: { act: string; token: string }[];
  beforeAll(async () => {
    const revoked = await api.key({ role: "admin" });
    expect((await api.call("DELETE", `/v1/api-keys/${revoked.id}`)).status).toBe(204);
    const expired = await api.key({ role: "admin" });
    await api.store.apiKeys.update(expired.id, (key) => ({ ...key, expiresAt: new Date(Date.now() - 1) }));
    await api.catalogue.refresh();
    bad = {
      none: "",
      revoked: revoked.token,
      expired: expired.token,
      unknown: `${keys.admin.slice(0, -1)}${keys.admin.endsWith("A") ? "B" : "A"}`,
    };
    scoped = [];
    for (const act of ["catalogue:read", "service:read"])
      scoped.push({ act, token: (await api.key({ role: "admin", scopes: [act] })).token });
  });
  test.each(named(CLOSED))("%s", async (_name, operation) => {
    for (const [what, key] of Object.entries(bad))
      expect(await ask(operation, mine, key), what).toEqual(UNAUTHENTICATED);
    const outside = scoped.filter(({ act }) => act !== operation.act);
    for (const { act, token } of outside) expect(await ask(operation, mine, token), act).toEqual(FORBIDDEN);
    if (operation.method === "GET")
      for (const { token } of scoped.filter(({ act }) => act === operation.act))
        expect((await ask(operation, mine, token)).status).toBe(200);
  });
});

test("a new kind of path parameter fails with what to add", () => {
  const unknown: Operation = {
    operationId: "readThing",
    method: "GET",
    path: "/v1/things/{id}",
    roles: ["provider"],
    openOutsideProduction: false,
    needsBody: false,
    statuses: [],
  };
  expect(() => pathOf(unknown, mine)).toThrow(
    /readThing .* add its beginning to OBJECTS in test\/api\/route-samples\.ts/,
  );
  expect(() => bodyOf({ ...unknown, needsBody: true, method: "PATCH" })).toThrow(/add a valid one to BODIES/);
});

test("lists show a consumer and a limited provider only what is theirs", async () => {
  for (const key of [mine.consumerKey, mine.providerKey]) {
    for (const path of ["/v1/apis", "/v1/event-types", "/v1/subscriptions", "/v1/deliveries"]) {
      const { text, status } = await api.call("GET", path, { key });
      expect(status, text).toBe(200);
      for (const id of [theirs.apiId, theirs.eventType, theirs.subscriptionId, theirs.deliveryId])
        expect(text, path).not.toContain(id);
      expect((JSON.parse(text) as { data: unknown[] }).data, path).toHaveLength(1);
    }
  }
  for (const query of [
    `groupId=${theirs.groupId}`,
    `subscriptionId=${theirs.subscriptionId}`,
    `eventId=${theirs.eventId}`,
    `eventType=${theirs.eventType}`,
  ]) {
    expect((await api.call("GET", `/v1/deliveries?${query}`, { key: mine.consumerKey })).body).toMatchObject({
      data: [],
    });
  }
  expect(
    (await api.call("GET", `/v1/subscriptions?groupId=${theirs.groupId}`, { key: mine.consumerKey })).body,
  ).toMatchObject({ data: [] });
  expect((await api.call("GET", "/v1/groups", { key: mine.consumerKey })).text).not.toContain(theirs.groupId);
  expect((await api.call("GET", "/v1/events", { key: mine.providerKey })).text).not.toContain(theirs.eventId);
});

test("what a request names in its body must be the actor's own too", async () => {
  const subscription = { groupId: theirs.groupId, url: "https://8.8.8.8/hook", eventTypes: [theirs.eventType] };
  expect(await api.problem("POST", "/v1/subscriptions", { key: mine.consumerKey, body: subscription })).toMatchObject({
    status: 422,
    code: "group_unknown",
  });
  expect(
    await api.problem("POST", "/v1/subscriptions", {
      key: mine.consumerKey,
      body: { ...subscription, groupId: mine.groupId },
    }),
  ).toMatchObject({ code: "event_type_not_granted" });
  expect(await api.problem("POST", "/v1/subscriptions", { key: mine.providerKey, body: subscription })).toMatchObject({
    code: "event_type_not_granted",
  });
  expect(
    await api.problem("POST", "/v1/events", { key: mine.providerKey, body: { type: theirs.eventType, data: 1 } }),
  ).toMatchObject({ status: 404, code: "event_type_unknown" });
  expect(
    await api.problem("POST", "/v1/event-types", { key: mine.providerKey, body: { name: "x.y", apiId: theirs.apiId } }),
  ).toMatchObject({ code: "api_unknown" });
  expect(
    await api.problem("POST", "/v1/groups", { key: mine.providerKey, body: { name: "g", grants: [theirs.apiId] } }),
  ).toMatchObject({ status: 403 });
  const since = new Date(Date.now() - 3_600_000).toISOString();
  for (const [path, more] of [
    ["/v1/recoveries/preview", {}],
    ["/v1/recoveries", { token: "x" }],
  ] as const) {
    expect(
      await api.problem("POST", path, {
        key: mine.consumerKey,
        body: { filter: { since, groupId: theirs.groupId }, ...more },
      }),
    ).toMatchObject({ code: "group_unknown" });
    expect(
      await api.problem("POST", path, {
        key: mine.consumerKey,
        body: { filter: { since, subscriptionId: theirs.subscriptionId }, ...more },
      }),
    ).toMatchObject({ status: 404 });
    expect(
      await api.problem("POST", path, {
        key: mine.providerKey,
        body: { filter: { since, groupId: mine.groupId }, ...more },
      }),
    ).toMatchObject({ status: 403 });
  }
});

describe("the table of acts", () => {
  const acts = Object.keys(ACTS) as (keyof typeof ACTS)[];
  const ofRole = (role: Role) => acts.filter((act) => mayAct({ role }, act));

  test("lets an admin do everything", () => expect(ofRole("admin")).toEqual(acts));
  test("lets an auditor change nothing but its own session", () => {
    expect(ofRole("auditor").filter((act) => !act.endsWith(":read"))).toEqual(["session:own"]);
    const writing = CLOSED.filter(
      ({ method, roles, act }) => method !== "GET" && roles?.includes("auditor") && act !== "session:own",
    );
    expect(writing.map(({ operationId }) => operationId)).toEqual([]);
  });
  test("lets an operator keep deliveries going, and neither decide nor change what is delivered where", () => {
    expect(ofRole("operator").filter((act) => !act.endsWith(":read"))).toEqual([
      "subscriptions:run",
      "deliveries:write",
      "recoveries:write",
      "session:own",
      "codec:encode",
      "codec:decode",
      "temporal:use",
    ]);
  });
  test("keeps keys, people, connections, audit and the codec from consumers and providers", () => {
    for (const role of LIMITED) {
      for (const act of acts.filter((each) => /^(keys|people|connections|audit):|^codec:decode/.test(each)))
        expect(mayAct({ role }, act), `${role} ${act}`).toBe(false);
    }
  });
  test("is in the document: each operation names its roles and its act, or is public", () => {
    for (const { operationId, roles, act } of OPERATIONS) {
      if (roles === undefined) expect(act, operationId).toBeUndefined();
      else expect(roles, operationId).toEqual(ACTS[act as keyof typeof ACTS]);
    }
    expect(OPERATIONS.filter(({ roles }) => roles === undefined).map(({ operationId }) => operationId)).toEqual(
      expect.arrayContaining(["live", "ready"]),
    );
  });
});

test(
  "who took the name of an event type sees nothing that was delivered under it before, and does " +
    "not say who is a member",
  async () => {
    const eventType = "handed.over";
    expect((await api.call("POST", "/v1/event-types", { body: { name: eventType, apiId: theirs.apiId } })).status).toBe(
      201,
    );
    const id = `${newId("evt")}.${theirs.subscriptionId}`;
    const now = new Date();
    await api.store.deliveries.insertMany([
      {
        id,
        eventId: id.split(".")[0] ?? "",
        subscriptionId: theirs.subscriptionId,
        groupId: theirs.groupId,
        eventType,
        status: "delivered",
        createdAt: now,
        updatedAt: now,
        attemptCount: 0,
        attempts: [],
      },
    ]);
    expect((await api.call("GET", `/v1/deliveries/${id}`, { key: theirs.providerKey })).status).toBe(200);
    expect((await api.call("DELETE", `/v1/event-types/${eventType}`)).status).toBe(204);
    expect(
      (
        await api.call("POST", "/v1/event-types", {
          key: mine.providerKey,
          body: { name: eventType, apiId: mine.apiId },
        })
      ).status,
    ).toBe(201);
    expect((await api.call("GET", `/v1/deliveries/${id}`, { key: mine.providerKey })).status).toBe(404);
    expect(
      (await api.call("GET", `/v1/deliveries?eventType=${eventType}`, { key: mine.providerKey })).body,
    ).toMatchObject({ data: [] });
    expect((await api.call("GET", `/v1/deliveries?eventType=${eventType}`)).body).toMatchObject({ data: [{ id }] });
    expect(
      await api.problem("PATCH", `/v1/groups/${mine.groupId}`, {
        key: mine.providerKey,
        body: { samlGroups: ["everyone"] },
      }),
    ).toMatchObject({ status: 403 });
    expect((await api.call("GET", `/v1/groups/${theirs.groupId}`, { key: mine.providerKey })).body).toMatchObject({
      grants: [],
    });
  },
);

describe("a subscription that takes event types of two providers", () => {
  let mixed: string;
  beforeAll(async () => {
    const { body } = await api.call("GET", `/v1/groups/${mine.groupId}`);
    expect(
      (
        await api.call("PATCH", `/v1/groups/${mine.groupId}`, {
          body: { grants: [...(body["grants"] as string[]), theirs.apiId] },
        })
      ).status,
    ).toBe(200);
    const created = await api.call("POST", "/v1/subscriptions", {
      body: { groupId: mine.groupId, url: "https://8.8.8.8/mixed", eventTypes: [mine.eventType, theirs.eventType] },
    });
    expect(created.status, created.text).toBe(201);
    mixed = String(created.body["id"]);
    await api.catalogue.refresh();
  });
  afterAll(async () => {
    await api.call("DELETE", `/v1/subscriptions/${mixed}`);
    await api.call("PATCH", `/v1/groups/${mine.groupId}`, { body: { grants: [mine.apiId] } });
  });

  test("is neither's to see: a new URL would lead the other's events elsewhere", async () => {
    for (const { providerKey: key } of [mine, theirs]) {
      expect((await api.call("GET", `/v1/subscriptions/${mixed}`, { key })).status).toBe(404);
      expect(
        (await api.call("PATCH", `/v1/subscriptions/${mixed}`, { key, body: { url: "https://8.8.8.8/elsewhere" } }))
          .status,
      ).toBe(404);
      expect((await api.call("DELETE", `/v1/subscriptions/${mixed}`, { key })).status).toBe(404);
      expect((await api.call("GET", "/v1/subscriptions", { key })).text).not.toContain(mixed);
    }
    expect((await api.call("GET", `/v1/subscriptions/${mixed}`, { key: mine.consumerKey })).body).toMatchObject({
      url: "https://8.8.8.8/mixed",
    });
  });

  test("nor are its test events", async () => {
    const id = `${newId("evt")}.${mixed}`;
    const now = new Date();
    await api.store.deliveries.insertMany([
      {
        id,
        eventId: id.split(".")[0] ?? "",
        subscriptionId: mixed,
        groupId: mine.groupId,
        eventType: "sealpost.test",
        status: "delivered",
        createdAt: now,
        updatedAt: now,
        attemptCount: 0,
        attempts: [],
      },
    ]);
    expect((await api.call("GET", `/v1/deliveries/${id}`, { key: mine.providerKey })).status).toBe(404);
    expect((await api.call("GET", `/v1/deliveries/${id}`, { key: mine.consumerKey })).status).toBe(200);
  });
});
