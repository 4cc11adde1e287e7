/**
 * Administrative acts are on record whatever fails: begun before the first change, ended after it, completed where the
 * end is missing.
 */
import { hostname } from "node:os";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { isAdministrative, NOT_WRAPPED, WRITES } from "../../../src/api/access/act-intents.js";
import { SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { routesOf } from "../../../src/api/index.js";
import { buildOpenApi } from "../../../src/api/openapi.js";
import { seqOf } from "../../../src/store/audit/audit-chain.js";
import { StoreError } from "../../../src/store/store-error.js";
import type { NewAuditEntry } from "../../../src/store/store.js";
import { completeActs, thisProcess } from "../../../src/workers/watch/act-keeper.js";
import { createBrowser, makeCompany } from "../browser.js";
import { bodyOf, makeObjects, type Objects, type Operation, operationsOf, pathOf } from "../route-samples.js";
import { type RunningApi, startApi } from "../running-api.js";

const ROUTES = routesOf();
const administrative = new Set(ROUTES.filter(isAdministrative).map(({ operationId }) => operationId));
const OPERATIONS = operationsOf(buildOpenApi(ROUTES, "0.0.0-test")).filter(({ operationId }) =>
  administrative.has(operationId),
);

interface Entry {
  id: string;
  actor: string;
  action: string;
  subject: string;
  intent?: string;
  detail?: Record<string, unknown>;
}
let api: RunningApi;
/** Which entries cannot be written: the store is away just then. */
let fails: (entry: NewAuditEntry) => boolean = () => false;

beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    settings: { process: thisProcess() },
    between: (store) => {
      const append = (entry: NewAuditEntry) =>
        fails(entry)
          ? Promise.reject(new StoreError("unavailable", "MongoDB does not answer."))
          : store.audit.append(entry);
      return { ...store, audit: { ...store.audit, append } };
    },
  });
});
afterAll(() => api?.close());
beforeEach(() => void (fails = () => false));

const isIntent = ({ action }: Pick<NewAuditEntry, "action">): boolean => action === "act.begin";
/**
 * The entries of the chain behind this number. Reading all of some thousand entries for each of a hundred tests would
 * cost more than the tests.
 */
async function chain(after: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (
    let some = await api.store.audit.after(after, 100);
    some.length > 0;
    some = await api.store.audit.after(after + entries.length, 100)
  )
    entries.push(...some);
  return entries;
}
async function count(): Promise<number> {
  const reached = await api.store.audit.reached();
  return reached + (await chain(reached)).length;
}
/** Outcomes of earlier acts may be recorded meanwhile: this process tries them again. */
const begun = async (after: number) => (await chain(after)).filter(({ intent }) => intent === undefined);
const log = { warn: () => undefined };
let names = 0;
const name = (): string => `intent-${++names}`;

/** Bodies with which an operation does something; access.test.ts calls them to be refused. */
const BODIES: Record<string, () => unknown> = {
  createApi: () => ({ name: name() }),
  createGroup: () => ({ name: name() }),
  createApiKey: () => ({ name: name(), role: "operator" }),
};
const PREPARED: ReadonlySet<string> = new Set(["resumeSubscription"]);
/** Brings the objects into a state in which the operation changes something. */
async function prepare({ operationId }: Operation, { subscriptionId }: Objects): Promise<void> {
  if (PREPARED.has(operationId))
    expect((await api.call("POST", `/v1/subscriptions/${subscriptionId}/pause`)).status).toBe(200);
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
    /^(get|getMany|list|all|idsOf|has|entries|lately|onErasure|payloads?|erasedOf|openWorkflows|oldestUndelivered|summary|subscriptionsOf|waiting|idOf|note|lastUsed|removeExpired|notice|find|read|of)$/;
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
  beforeAll(async () => {
    shared = await makeObjects(api, name());
  });
  test.each(OPERATIONS.map((operation) => [operation.operationId, operation] as const))(
    "%s",
    async (_name, operation) => {
      // As nothing changes, the objects of one test serve the next; only what is prepared for one operation is its own.
      const of = PREPARED.has(operation.operationId) ? await makeObjects(api, name()) : shared;
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
      const before = await state();
      const entries = await count();
      fails = isIntent;
      const answer = await call(operation, of);
      fails = () => false;
      expect(await state()).toBe(before);
      expect(await begun(entries), "no entry either").toEqual([]);
      // Refused before it came to a write, or refused because of it; never done.
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
      fails = (entry) => entry.intent !== undefined;
      const answer = await call(operation, of);
      fails = () => false;
      const added = await begun(before);
      // A verification that fails has been tried: that is an act.
      if (answer.status >= 400 && operation.operationId !== "verifySubscription")
        return expect(added, "what is refused costs no entry").toEqual([]);
      expect(added[0]).toMatchObject({
        actor: "environment",
        action: "act.begin",
        detail: { operation: operation.operationId },
      });
      const listed = (await api.call<{ data: Entry[] }>("GET", "/v1/audit?limit=250")).body.data;
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
  fails = ({ action }) => action === "session.start";
  expect((await company.logIn(browser, { nameId: "ada", groups: ["ops"] })).status).toBe(503);
  expect(browser.cookies.get(SESSION_COOKIE)).toBeUndefined();
  expect(await here()).toEqual([]);
  fails = () => false;
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

describe("an outcome that is missing", () => {
  const lost = async (act: () => Promise<unknown>): Promise<Entry> => {
    const before = await count();
    fails = (entry) => entry.intent !== undefined;
    await act();
    fails = () => false;
    return (await begun(before)).find(isIntent) ?? expect.fail("no intent");
  };
  /** What names it as its intent, among the entries behind it. */
  const outcomesOf = async (intent: string) =>
    (await chain(seqOf(intent) ?? 0)).filter((entry) => entry.intent === intent);

  test("is recorded a moment later with its details, while the process lives", async () => {
    const group = String((await api.call("POST", "/v1/groups", { body: { name: name() } })).body["id"]);
    const intent = await lost(async () =>
      expect((await api.call("PATCH", `/v1/groups/${group}`, { body: { name: name() } })).status).toBe(200),
    );
    expect(await completeActs({ store: api.store, log }), "not taken for over while its process is there").toBe(0);
    await expect
      .poll(() => outcomesOf(intent.id), { timeout: 20_000 })
      .toMatchObject([{ action: "group.change", subject: group, detail: { fields: ["name"] } }]);
  });

  test.each<[string, string, (id: string) => Promise<unknown>]>([
    [
      "of a creation that was done",
      "done",
      async (id) =>
        api.store.groups.insert({
          id,
          name: id,
          grants: [],
          samlGroups: [],
          createdAt: new Date(),
          updatedAt: new Date(),
        }),
    ],
    ["of a creation that was not done", "not_done", async () => undefined],
  ])("%s is completed at the start of another process", async (_name, outcome, act) => {
    const id = `grp_${String(++names).padStart(26, "0")}`;
    const intent = await api.store.audit.append({
      actor: "key:1",
      action: "act.begin",
      subject: id,
      detail: {
        operation: "createGroup",
        write: "groups.insert",
        target: id,
        process: `${hostname()}/${process.pid}/0`,
      },
    });
    await act(id);
    const other = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      beside: api,
    });
    const completed = await Promise.all([
      completeActs({ store: other.store, log }),
      completeActs({ store: api.store, log }),
    ]);
    await other.close();
    expect(completed.reduce((sum, each) => sum + each, 0)).toBe(1);
    expect(await outcomesOf(intent)).toMatchObject([
      { actor: "key:1", action: "act.complete", subject: id, detail: { operation: "createGroup", outcome } },
    ]);
  });

  test.each<[string, string, (group: string) => Record<string, unknown>]>([
    ["a change that was not made", "not_done", (target) => ({ write: "groups.update", target })],
    ["a deletion that was not made", "not_done", (target) => ({ write: "groups.delete", target })],
    ["a deletion of what is gone", "done", () => ({ write: "groups.delete", target: "grp_none" })],
    [
      "an erasure that did not reach the ledger",
      "not_done",
      (target) => ({ write: "erasures.erase", target: `group/${target}` }),
    ],
    ["a signal", "unknown", (target) => ({ write: "operations.resend", target })],
    ["something that no release writes", "unknown", () => ({ write: "__proto__.x", target: "constructor" })],
    ["nothing at all", "unknown", () => ({})],
  ])("%s is told by what is there", async (_name, outcome, detailOf) => {
    const group = String((await api.call("POST", "/v1/groups", { body: { name: name() } })).body["id"]);
    const intent = await api.store.audit.append({
      actor: "key:1",
      action: "act.begin",
      subject: group,
      detail: { operation: "any", ...detailOf(group) },
    });
    expect(await completeActs({ store: api.store, log }), "of an unknown process: only when it is surely over").toBe(0);
    expect(await completeActs({ store: api.store, log, now: () => Date.now() + 3_600_000 })).toBe(1);
    expect(await outcomesOf(intent)).toMatchObject([{ action: "act.complete", detail: { outcome } }]);
    expect(await api.store.audit.verify()).toMatchObject({ ok: true });
  });
});
