/**
 * Every operation of the OpenAPI document x every role x whose object: broken object and function level authorisation
 * in one matrix. What a new route needs to be called with stands in route-samples.ts. Nothing has to be added here.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { ACTS, mayAct } from "../../../src/api/access/access.js";
import { servedRoutes } from "../../../src/api/index.js";
import { buildOpenApi } from "../../../src/api/openapi.js";
import { type Role, ROLES } from "../../../src/store/model.js";
import {
  bodyOf,
  EXCEPTIONS,
  hasParameter,
  isAbsent,
  type Objects,
  type Operation,
  operationsOf,
  pathOf,
  queryOf,
} from "../route-samples.js";
import { api, mine, theirs, keys, setUpAccess } from "./access-setup.js";

setUpAccess();

const OPERATIONS = operationsOf(buildOpenApi(servedRoutes(), "0.0.0-test"));
const CLOSED = OPERATIONS.filter((operation) => operation.roles !== undefined);
const named = (operations: readonly Operation[]) =>
  operations.map(
    (operation) => [`${operation.operationId}: ${operation.method} ${operation.path}`, operation] as const,
  );

/** The answer's status and problem code. Each answer must be one that the document names. */
async function ask(operation: Operation, of: Objects, key: string): Promise<{ status: number; code?: string }> {
  const { status, body, text, headers } = await api.call(operation.method, pathOf(operation, of) + queryOf(operation), {
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
/** Roles whose keys are limited to objects here. The others see everything. */
const LIMITED: readonly Role[] = ["consumer", "provider"];
const SEEING_ALL: readonly Role[] = ROLES.filter((role) => !LIMITED.includes(role));

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

describe("the table of acts", () => {
  const acts = Object.keys(ACTS) as (keyof typeof ACTS)[];
  const ofRole = (role: Role) => acts.filter((act) => mayAct({ role }, act));

  test("lets an admin do everything", () => expect(ofRole("admin")).toEqual(acts));
  test("lets an auditor change nothing but its own session", () => {
    expect(ofRole("auditor").filter((act) => !act.endsWith(":read"))).toEqual(["session:own"]);
    const writing = CLOSED.filter(
      ({ method, roles, act }) => method !== "GET" && roles?.includes("auditor") && act !== "session:own",
    );
    // What the caller has is compared with a schema that it may read. Nothing is kept.
    expect(writing.map(({ operationId }) => operationId)).toEqual(["checkPayload"]);
  });
  test("lets an operator keep deliveries going, and neither decide nor change what is delivered where", () => {
    expect(ofRole("operator").filter((act) => !act.endsWith(":read"))).toEqual([
      "subscriptions:run",
      "deliveries:write",
      "recoveries:write",
      "recoveries:release",
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
