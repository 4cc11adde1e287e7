/**
 * Administrative acts are on record whatever fails: begun before the first change, ended after it, completed where the
 * end is missing.
 */
import { beforeAll, describe, expect, test } from "vitest";
import { isAdministrative, NOT_WRAPPED, WRITES } from "../../../src/api/access/act-intents.js";
import { SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { servedRoutes } from "../../../src/api/index.js";
import { buildOpenApi } from "../../../src/api/openapi.js";
import { thisProcess } from "../../../src/workers/process/process-name.js";
import { createBrowser, makeCompany } from "../browser.js";
import { bodyOf, makeObjects, type Objects, type Operation, operationsOf, pathOf } from "../route-samples.js";
import { type Entry, api, away, isIntent, chain, count, begun, name, setUpActIntents } from "./act-intents-setup.js";

setUpActIntents();

const ROUTES = servedRoutes();
const administrative = new Set(ROUTES.filter(isAdministrative).map(({ operationId }) => operationId));
const OPERATIONS = operationsOf(buildOpenApi(ROUTES, "0.0.0-test")).filter(({ operationId }) =>
  administrative.has(operationId),
);

/** Bodies with which an operation does something. Access.test.ts calls them to be refused. */
const BODIES: Record<string, () => unknown> = {
  createApi: () => ({ name: name() }),
  createGroup: () => ({ name: name() }),
  createApiKey: () => ({ name: name(), role: "operator" }),
};
/** What is called on the subscription before. */
const PREPARED = new Map<string, readonly [method: string, path: string, body?: object]>([
  ["resumeSubscription", ["POST", "pause"]],
  ["removeChatChannel", ["PUT", "chat", { format: "slack", url: "https://8.8.8.8/services/one" }]],
]);
/** Brings the objects into a state in which the operation changes something. */
async function prepare({ operationId }: Operation, { subscriptionId }: Objects): Promise<void> {
  const [method, path, body] = PREPARED.get(operationId) ?? [];
  if (method === undefined) return;
  const answer = await api.call(method, `/v1/subscriptions/${subscriptionId}/${path}`, body && { body });
  expect(answer.status).toBe(200);
}
async function call(operation: Operation, of: Objects) {
  const own: Record<string, unknown> = {
    createEventType: { name: `${name()}.made`, apiId: of.apiId },
    createSubscription: { groupId: of.groupId, url: "https://8.8.8.8/hook", eventTypes: [of.eventType] },
  };
  const body = own[operation.operationId] ?? BODIES[operation.operationId]?.();
  return api.call(operation.method, pathOf(operation, of), {
    ...bodyOf(operation),
    ...(body !== undefined && { body }),
  });
}

test("there is a long list of administrative operations, and publishing is none", () => {
  expect(OPERATIONS.length).toBeGreaterThan(40);
  for (const each of ["createApi", "deleteGroup", "resendDelivery", "revokeApiKey", "logOut", "importEventTypes"])
    expect(administrative).toContain(each);
  for (const each of ["publishEvents", "decodePayloads", "listAudit"]) expect(administrative).not.toContain(each);
});

test("every method of the store is known to write or to read", () => {
  const reads =
    /^(get|getMany|list|all|idsOf|has|entries|lately|onErasure|payloads?|erasedOf|openWorkflows|ofOwners|oldestUndelivered|oldestOverdue|summary|count|recentChanges|subscriptionsOf|waiting(Of)?|idOf|note|lastUsed|removeExpired|notice|find|read|of|getPresent|held(Of|Groups|Events)|holdOn|backlog)$/;
  const parts = Object.entries(api.store).filter(
    ([part, value]) => typeof value === "object" && value !== null && !NOT_WRAPPED.has(part),
  );
  expect(parts.length).toBeGreaterThan(10);
  const unknown = parts.flatMap(([part, value]) =>
    Object.keys(value as object)
      .filter((method) => !WRITES.test(method) && !reads.test(method))
      .map((method) => `${part}.${method}`),
  );
  expect(
    unknown,
    "a method that changes something must be in WRITES of src/api/access/act-intents.ts, or its " +
      "acts are not begun on record",
  ).toEqual([]);
  const both = parts.flatMap(([part, value]) =>
    Object.keys(value as object)
      .filter((method) => WRITES.test(method) && reads.test(method))
      .map((method) => `${part}.${method}`),
  );
  expect(both.sort(), "these are in TELLING").toEqual(["deliveries.openWorkflows", "events.erasedOf"]);
});

describe("when the intent cannot be recorded, nothing is changed", () => {
  let shared: Objects;
  /** What the lists showed last: it stands for the next operation, as nothing was changed since. */
  let known: string | undefined;
  beforeAll(async () => {
    shared = await makeObjects(api, name());
  });
  test.each(OPERATIONS.map((operation) => [operation.operationId, operation] as const))(
    "%s",
    async (_name, operation) => {
      // As nothing changes, the objects of one test serve the next. Only what is prepared for one operation is its own.
      const prepared = PREPARED.has(operation.operationId);
      const of = prepared ? await makeObjects(api, name()) : shared;
      await prepare(operation, of);
      const state = async () =>
        JSON.stringify(
          await Promise.all(
            ["apis", "event-types", "groups", "subscriptions", "api-keys", "saml-connections", "grant-requests"].map(
              async (path) => (await api.call("GET", `/v1/${path}?limit=250`)).body,
            ),
          ),
          (name, value: unknown) => (name === "lastUsedAt" ? undefined : value),
        );
      const before = known === undefined || prepared ? await state() : known;
      const entries = await count();
      away.fails = isIntent;
      const answer = await call(operation, of);
      away.fails = () => false;
      known = await state();
      expect(known).toBe(before);
      expect(await begun(entries), "no entry either").toEqual([]);
      // Refused before it came to a write, or refused because of it, never done.
      expect(answer.status).toBeGreaterThanOrEqual(400);
      if (answer.status >= 500) expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
    },
  );
});

describe("when the outcome cannot be recorded, the act is on record all the same", () => {
  test.each(OPERATIONS.map((operation) => [operation.operationId, operation] as const))(
    "%s",
    async (_name, operation) => {
      const of = await makeObjects(api, name());
      await prepare(operation, of);
      const before = await count();
      away.fails = (entry) => entry.intent !== undefined;
      const answer = await call(operation, of);
      away.fails = () => false;
      const added = await begun(before);
      // A verification that fails has been tried: that is an act.
      if (answer.status >= 400 && operation.operationId !== "verifySubscription")
        return expect(added, "what is refused costs no entry").toEqual([]);
      expect(added[0]).toMatchObject({
        actor: "environment",
        action: "act.begin",
        detail: { operation: operation.operationId },
      });
      const listed = (await api.call<{ data: Entry[] }>("GET", "/v1/audit?limit=50")).body.data;
      // This process tries the outcome again after a second.
      expect(
        listed.filter(({ id, intent }) => [id, intent].includes(added[0]?.id ?? "none")),
        "shown while it has no outcome",
      ).not.toEqual([]);
    },
  );
});

test(
  "what is refused costs no entry: unknown objects, a status that does not allow it, bad input, " + "other roles",
  async () => {
    const of = await makeObjects(api, name());
    const before = await count();
    for (const [method, path, status, body] of [
      ["DELETE", "/v1/groups/grp_00000000000000000000000000", 404, undefined],
      ["PATCH", `/v1/groups/${of.groupId}`, 400, { wrong: 1 }],
      ["POST", `/v1/subscriptions/${of.subscriptionId}/reinstate`, 409, undefined],
      ["POST", `/v1/subscriptions/${of.subscriptionId}/approve`, 409, undefined],
      [
        "POST",
        "/v1/subscriptions",
        422,
        { groupId: of.groupId, url: "https://127.0.0.1/", eventTypes: [of.eventType] },
      ],
      ["DELETE", `/v1/groups/${of.groupId}`, 409, undefined],
      ["DELETE", "/v1/saml-connections/sso_00000000000000000000000000", 404, undefined],
    ] as const) {
      expect((await api.call(method, path, { ...(body && { body }) })).status, `${method} ${path}`).toBe(status);
      expect(
        (await api.call(method, path, { key: of.consumerKey, ...(body && { body }) })).status,
        `${method} ${path}`,
      ).toBeGreaterThanOrEqual(400);
    }
    const settled = `${of.eventId}.${of.subscriptionId}`;
    await api.store.deliveries.record([{ id: settled, status: "delivered", asked: true }]);
    expect((await api.call("POST", `/v1/deliveries/${settled}/cancel`, { key: of.consumerKey })).status).toBe(409);
    expect((await api.call("POST", "/v1/event-types", { body: { name: of.eventType, apiId: of.apiId } })).status).toBe(
      409,
    );
    await api.auditTally.close();
    expect((await begun(before)).filter(({ action }) => action !== "access.refuse")).toEqual([]);
  },
);

test("a grant that is asked for again, and one that is answered again, cost no entry", async () => {
  const of = await makeObjects(api, name());
  const { body: listed } = await api.call("POST", "/v1/apis", { body: { name: name(), listed: true } });
  const ask = () =>
    api.call("POST", "/v1/grant-requests", { key: of.consumerKey, body: { groupId: of.groupId, grant: listed["id"] } });
  const first = await ask();
  expect(first.status).toBe(201);
  const again = await count();
  expect(await ask()).toMatchObject({ status: 200, body: { id: first.body["id"] } });
  expect(await begun(again)).toEqual([]);
  const path = `/v1/grant-requests/${String(first.body["id"])}`;
  expect((await api.call("POST", `${path}/refuse`, { body: { reason: "no" } })).status).toBe(200);
  const answered = await count();
  expect((await api.call("POST", `${path}/approve`)).status).toBe(409);
  expect(await begun(answered)).toEqual([]);
});

test("a log-in that cannot be recorded makes neither a session nor a person", async () => {
  const company = await makeCompany(api, { name: name(), roles: [{ samlGroup: "ops", role: "operator" }] });
  const here = async () =>
    (await api.store.people.list({ limit: 250 })).data.filter(
      ({ connectionId }) => connectionId === company.connection.id,
    );
  const browser = createBrowser(api.url);
  away.fails = ({ action }) => action === "session.start";
  expect((await company.logIn(browser, { nameId: "ada", groups: ["ops"] })).status).toBe(503);
  expect(browser.cookies.get(SESSION_COOKIE)).toBeUndefined();
  expect(await here()).toEqual([]);
  away.fails = () => false;
  await company.logIn(browser, { nameId: "ada", groups: ["ops"] });
  expect(browser.cookies.get(SESSION_COOKIE)).toBeDefined();
  expect(await here()).toHaveLength(1);
});

test("an act has two entries, of which the list shows the outcome and the export both", async () => {
  const before = await count();
  const { body } = await api.call("POST", "/v1/groups", { body: { name: name() } });
  const subject = String(body["id"]);
  const [intent, outcome, ...rest] = (await chain(before)).filter((entry) => entry.subject === subject);
  expect(rest).toEqual([]);
  expect(intent).toMatchObject({
    action: "act.begin",
    subject,
    detail: { operation: "createGroup", write: "groups.insert", process: thisProcess() },
  });
  expect(outcome).toMatchObject({ action: "group.create", subject, intent: intent?.id });
  const listed = (await api.call<{ data: Entry[] }>("GET", `/v1/audit?subject=${subject}`)).body.data;
  expect(listed.map(({ action }) => action)).toEqual(["group.create"]);
  expect(
    (await api.call<{ data: Entry[] }>("GET", `/v1/audit?action=act.begin&subject=${subject}`)).body.data,
  ).toHaveLength(1);
  expect(await api.store.audit.unsettled()).not.toContainEqual(expect.objectContaining({ id: intent?.id }));
});
