/** Every route x role x whose object, from the route table: broken object and function level authorisation in one matrix. */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { ACTS, mayAct } from "../../src/api/access.js";
import { routesOf } from "../../src/api/index.js";
import type { Route } from "../../src/api/route.js";
import { newId } from "../../src/store/ids.js";
import type { Role } from "../../src/store/model.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "./running-api.js";

interface Objects extends Tenant {
  eventId: string;
  deliveryId: string;
  recoveryId: string;
  grantRequestId: string;
}

let api: RunningApi;
let mine: Objects;
let theirs: Objects;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  mine = await makeObjects("mine");
  theirs = await makeObjects("theirs");
});
afterAll(() => api?.close());

async function makeObjects(name: string): Promise<Objects> {
  const tenant = await makeTenant(api, name);
  const eventId = newId("evt");
  const now = new Date();
  await api.store.events.insertMany([{
    record: { id: eventId, type: tenant.eventType, apiId: tenant.apiId, contentType: "application/json", sha256: "x", size: 2, acceptedAt: now, owner: eventId }, payload: Buffer.from("{}"),
  }]);
  const deliveryId = `${eventId}.${tenant.subscriptionId}`;
  await api.store.deliveries.insertMany([{
    id: deliveryId, eventId, subscriptionId: tenant.subscriptionId, groupId: tenant.groupId, eventType: tenant.eventType, status: "parked", createdAt: now, updatedAt: now, attemptCount: 1,
    attempts: [{ number: 1, at: now, outcome: "refused", status: 422, durationMs: 12, detail: { url: "https://8.8.8.8/hook", requestHeaders: { "webhook-id": eventId }, responseBody: `only for ${name}` } }],
  }]);
  const recovery = await api.call("POST", "/v1/recoveries", { key: tenant.consumerKey, body: { filter: { since: "2026-01-01T00:00:00Z" } } });
  expect(recovery.status, recovery.text).toBe(202);
  const { request } = await api.store.grantRequests.open({
    id: newId("grq"), groupId: tenant.groupId, grant: tenant.eventType, apiId: tenant.apiId, status: "open", requestedBy: "test", createdAt: now,
  });
  return { ...tenant, grantRequestId: request.id, eventId, deliveryId, recoveryId: String(recovery.body["id"]) };
}

const withParams = routesOf().filter((route) => route.params !== undefined);

/** The path of the route with this tenant's object in it; undefined for routes whose objects belong to nobody in particular. */
function pathFor(route: Route, of: Objects): string {
  const value = (): string => {
    if (route.path.startsWith("/v1/apis/")) return of.apiId;
    if (route.path.startsWith("/v1/event-types/")) return of.eventType;
    if (route.path.startsWith("/v1/groups/")) return of.groupId;
    if (route.path.startsWith("/v1/grant-requests/")) return of.grantRequestId;
    if (route.path.startsWith("/v1/subscriptions/")) return of.subscriptionId;
    if (route.path.startsWith("/v1/deliveries/")) return of.deliveryId;
    if (route.path.startsWith("/v1/recoveries/")) return of.recoveryId;
    if (route.path === "/v1/events/{ref}") return route.method === "post" ? of.eventType : of.eventId;
    if (route.path.startsWith("/v1/api-keys/")) return /_(key_[0-9A-Z]{26})_/.exec(`_${of.consumerKey.slice(3)}`)?.[1] ?? "";
    // Nobody's, in particular no tenant's: only an admin and an auditor see people.
    if (route.path.startsWith("/v1/people/")) return `per_${"0".repeat(43)}`;
    if (route.path.startsWith("/v1/saml-connections/")) return newId("sso");
    throw new Error(`${route.path} has a parameter that this matrix does not know: teach it whose object that is.`);
  };
  return route.path.replace("{fingerprint}", "0".repeat(64)).replace(/\{\w+\}/, value());
}

function bodyFor(route: Route): unknown {
  switch (route.operationId) {
    case "changeApi": return { name: "changed" };
    case "changeEventType": return { description: "changed" };
    case "changeGroup": return { name: "changed" };
    case "changeSubscription": return { name: "changed" };
    case "refuseGrantRequest": return { reason: "no" };
    case "publishRaw": return Buffer.from("{}");
    default: return undefined;
  }
}
const callFor = (route: Route, key: string) => ({
  key, ...(bodyFor(route) !== undefined && { body: bodyFor(route) }), ...(route.operationId === "publishRaw" && { headers: { "content-type": "application/json" } }),
});

/** A provider reads every group, because it grants them; and starts recoveries of its own only. */
const SHARED_WITH_PROVIDERS = new Set(["readGroup"]);
const LIMITED_FOR_PROVIDERS = new Set(["changeGroup", "deleteGroup"]);

describe.each<{ role: Role; key: (tenant: Objects) => string }>([
  { role: "consumer", key: (tenant) => tenant.consumerKey },
  { role: "provider", key: (tenant) => tenant.providerKey },
])("a $role", ({ role, key }) => {
  test.each(withParams.filter((route) => route.act !== "public" && !("hidden" in route)).map((route) => [`${route.method} ${route.path}`, route] as const))("%s of another tenant", async (_name, route) => {
    const problem = async () => api.problem(route.method.toUpperCase(), pathFor(route, theirs), callFor(route, key(mine)));
    if (route.act === "public") return;
    if (!mayAct({ role }, route.act)) return expect(await problem()).toMatchObject({ status: 403, code: "forbidden" });
    if (role === "provider" && LIMITED_FOR_PROVIDERS.has(route.operationId)) return expect(await problem()).toMatchObject({ status: 403 });
    if (role === "provider" && SHARED_WITH_PROVIDERS.has(route.operationId)) return;
    expect(await problem()).toMatchObject({ status: 404 });
  });

  test.each(withParams.filter((route) => route.method === "get" && route.act !== "public" && mayAct({ role }, route.act) && !("hidden" in route)).map((route) => [route.path, route] as const))(
    "GET %s of its own tenant", async (_name, route) => {
      // A recovery was started with the consumer's key.
      const expected = role === "provider" && route.operationId === "readRecovery" ? 404 : 200;
      expect((await api.call("GET", pathFor(route, mine), { key: key(mine) })).status).toBe(expected);
    });
});

test.each(routesOf().filter((route) => route.act !== "public" && !route.publicOutsideProduction).map((route) => [`${route.method} ${route.path}`, route] as const))("%s without a key", async (_name, route) => {
  const path = route.params ? pathFor(route, mine) : route.path;
  expect(await api.problem(route.method.toUpperCase(), path, { ...callFor(route, ""), key: "" })).toMatchObject({ status: 401, code: "unauthenticated" });
});

test.each(routesOf().filter((route) => !route.params && route.act !== "public" && !mayAct({ role: "consumer" }, route.act) && !route.publicOutsideProduction).map((route) => [`${route.method} ${route.path}`, route] as const))(
  "%s is beyond a consumer", async (_name, route) => {
    expect(await api.problem(route.method.toUpperCase(), route.path, { key: mine.consumerKey, ...(route.method === "post" && { body: {} }) })).toMatchObject({ status: 403, code: "forbidden" });
  });

test("lists show a consumer and a limited provider only what is theirs", async () => {
  for (const key of [mine.consumerKey, mine.providerKey]) {
    for (const path of ["/v1/apis", "/v1/event-types", "/v1/subscriptions", "/v1/deliveries"]) {
      const { text, status } = await api.call("GET", path, { key });
      expect(status, text).toBe(200);
      for (const id of [theirs.apiId, theirs.eventType, theirs.subscriptionId, theirs.deliveryId]) expect(text, path).not.toContain(id);
      expect((JSON.parse(text) as { data: unknown[] }).data, path).toHaveLength(1);
    }
  }
  for (const query of [`groupId=${theirs.groupId}`, `subscriptionId=${theirs.subscriptionId}`, `eventId=${theirs.eventId}`, `eventType=${theirs.eventType}`]) {
    expect((await api.call("GET", `/v1/deliveries?${query}`, { key: mine.consumerKey })).body).toMatchObject({ data: [] });
  }
  expect((await api.call("GET", `/v1/subscriptions?groupId=${theirs.groupId}`, { key: mine.consumerKey })).body).toMatchObject({ data: [] });
  expect((await api.call("GET", "/v1/groups", { key: mine.consumerKey })).text).not.toContain(theirs.groupId);
  expect((await api.call("GET", "/v1/events", { key: mine.providerKey })).text).not.toContain(theirs.eventId);
});

test("what a request names in its body must be the actor's own too", async () => {
  const subscription = { groupId: theirs.groupId, url: "https://8.8.8.8/hook", eventTypes: [theirs.eventType] };
  expect(await api.problem("POST", "/v1/subscriptions", { key: mine.consumerKey, body: subscription })).toMatchObject({ status: 422, code: "group_unknown" });
  expect(await api.problem("POST", "/v1/subscriptions", { key: mine.consumerKey, body: { ...subscription, groupId: mine.groupId } })).toMatchObject({ code: "event_type_not_granted" });
  expect(await api.problem("POST", "/v1/subscriptions", { key: mine.providerKey, body: subscription })).toMatchObject({ code: "event_type_not_granted" });
  expect(await api.problem("POST", "/v1/events", { key: mine.providerKey, body: { type: theirs.eventType, data: 1 } })).toMatchObject({ status: 404, code: "event_type_unknown" });
  expect(await api.problem("POST", "/v1/event-types", { key: mine.providerKey, body: { name: "x.y", apiId: theirs.apiId } })).toMatchObject({ code: "api_unknown" });
  expect(await api.problem("POST", "/v1/groups", { key: mine.providerKey, body: { name: "g", grants: [theirs.apiId] } })).toMatchObject({ status: 403 });
  expect(await api.problem("POST", "/v1/recoveries", { key: mine.consumerKey, body: { filter: { groupId: theirs.groupId } } })).toMatchObject({ code: "group_unknown" });
  expect(await api.problem("POST", "/v1/recoveries", { key: mine.consumerKey, body: { filter: { subscriptionId: theirs.subscriptionId } } })).toMatchObject({ status: 404 });
  expect(await api.problem("POST", "/v1/recoveries", { key: mine.providerKey, body: { filter: { since: "2026-01-01T00:00:00Z" } } })).toMatchObject({ status: 403 });
});

test("the table of acts lets an admin do everything", () => {
  for (const act of Object.keys(ACTS)) expect(mayAct({ role: "admin" }, act as keyof typeof ACTS)).toBe(true);
});
