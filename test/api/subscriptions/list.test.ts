import { beforeAll, expect, test } from "vitest";
import { createCertificateAuthority } from "../../support/certificates.js";
import { makeTenant, type Tenant } from "../running-api.js";
import { api, setUpSubscriptions, tenant } from "./subscriptions-setup.js";

setUpSubscriptions();

let foreign: Tenant;
const ids: Record<string, string> = {};

beforeAll(async () => {
  foreign = await makeTenant(api, "foreign");
  const further = await api.call("POST", "/v1/event-types", { body: { name: "payments.refund", apiId: tenant.apiId } });
  expect(further.status, further.text).toBe(201);
  const authority = await createCertificateAuthority();
  const make = async (name: string, fields: Record<string, unknown>) => {
    const body = { groupId: tenant.groupId, eventTypes: [tenant.eventType], ...fields };
    const answer = await api.call("POST", "/v1/subscriptions", { body });
    expect(answer.status, answer.text).toBe(201);
    ids[name] = String(answer.body["id"]);
  };
  const auth = { type: "basic", username: "us", password: "secret" };
  const signed = { signing: { schemes: ["v1", "v1a"] } };
  const { cert, key } = await authority.issue({ usage: "client" });
  const more = { headers: { "x-tenant": "us" }, tls: { ca: authority.ca, clientCert: cert, clientKey: key } };
  await make("ledger", { auth, url: "https://8.8.8.8/ledger?token=canary", name: "Ledger PROD", externalId: "Led-1" });
  await make("refunds", { url: "https://8.8.4.4:8443/refunds", eventTypes: ["payments.refund"], ...signed });
  const health = { state: "failing" as const, since: new Date() };
  await api.store.subscriptions.update(ids["refunds"] ?? "", (it) => ({ ...it, health }), { unasked: true });
  await api.call("POST", `/v1/subscriptions/${ids["ledger"]}/secret/rotate`, { body: { overlapSeconds: 3_600 } });
  await make("draft", { url: "https://8.8.4.4/draft", initialStatus: "draft", ...more });
});

interface Page {
  data: { id: string }[];
  next: string | null;
}
const found = async (query: Record<string, string>, key = tenant.consumerKey): Promise<string[]> => {
  const answer = await api.call<Page>("GET", `/v1/subscriptions?${new URLSearchParams(query).toString()}`, { key });
  expect(answer.status, answer.text).toBe(200);
  return answer.body.data.map(({ id }) => id);
};
const counted = async (query: Record<string, string>) =>
  (
    await api.call("GET", `/v1/subscriptions/count?${new URLSearchParams(query).toString()}`, {
      key: tenant.consumerKey,
    })
  ).body;
const of = (...names: string[]): (string | undefined)[] =>
  names.map((name) => (name === "first" ? tenant.subscriptionId : ids[name]));

test.each<[Record<string, string>, string[]]>([
  [{}, ["draft", "refunds", "ledger", "first"]],
  [{ status: "draft" }, ["draft"]],
  [{ status: "active" }, ["refunds", "ledger", "first"]],
  [{ eventType: "payments.refund" }, ["refunds"]],
  [{ eventType: "payments.none" }, []],
  [{ url: "8.8.4.4" }, ["draft", "refunds"]],
  [{ url: "8.8.4.4:8443" }, ["refunds"]],
  [{ url: "8.8.4" }, []],
  [{ url: "https://8.8.8.8/l" }, ["ledger"]],
  [{ url: "https://8.8.8.8/" }, ["ledger", "first"]],
  [{ q: "ledger prod" }, ["ledger"]],
  [{ q: "led-1" }, ["ledger"]],
  [{ q: " 8.8.4 " }, ["draft", "refunds"]],
  [{ q: "refund" }, []],
  [{ certificateEndsBefore: "2000-01-01T00:00:00Z" }, []],
  [{ certificateEndsBefore: "2999-01-01T00:00:00Z" }, ["draft"]],
  [{ status: "active", url: "8.8.4.4" }, ["refunds"]],
  [{ status: "paused" }, []],
  [{ technique: "v1" }, ["draft", "refunds", "ledger", "first"]],
  [{ technique: "v1a" }, ["refunds"]],
  [{ technique: "rfc9421" }, []],
  [{ technique: "basic" }, ["ledger"]],
  [{ technique: "headers" }, ["draft"]],
  [{ technique: "mtls" }, ["draft"]],
  [{ health: "failing" }, ["refunds"]],
  [{ health: "healthy" }, ["draft", "ledger", "first"]],
  [{ health: "disabled" }, []],
  [{ health: "failing", url: "8.8.8.8" }, []],
  [{ toFinish: "true" }, ["draft"]],
  [{ secretsInOverlap: "true" }, ["ledger"]],
])("%j lists and counts %j", async (query, expected) => {
  expect(await found(query)).toEqual(of(...expected));
  expect(await counted(query)).toEqual({ count: expected.length, exact: true, atLeast: false });
});

test("of one api are those that have an event type of it", async () => {
  expect(await found({ apiId: tenant.apiId })).toEqual(of("draft", "refunds", "ledger", "first"));
  expect(await found({ apiId: foreign.apiId })).toEqual([]);
  expect(await found({ apiId: foreign.apiId }, api.adminKey)).toEqual([foreign.subscriptionId]);
  expect(await counted({ groupId: foreign.groupId })).toMatchObject({ count: 0 });
});

test("the id is found by a part of it", async () => {
  expect(await found({ q: String(ids["refunds"]).slice(-12).toLowerCase() })).toEqual(of("refunds"));
});

test("a change is seen by the next list", async () => {
  await api.call("POST", `/v1/subscriptions/${ids["refunds"]}/pause`, { key: tenant.consumerKey });
  expect(await found({ status: "paused" })).toEqual(of("refunds"));
  await api.call("POST", `/v1/subscriptions/${ids["refunds"]}/resume`, { key: tenant.consumerKey });
  expect(await found({ status: "paused" })).toEqual([]);
});

test("pages of a filtered list follow one another without a gap", async () => {
  const first = await api.call<Page>("GET", "/v1/subscriptions?url=8.8.4.4&limit=1", { key: tenant.consumerKey });
  expect(first.body.next).not.toBeNull();
  const query = new URLSearchParams({ url: "8.8.4.4", limit: "1", cursor: String(first.body.next) });
  const second = await api.call<Page>("GET", `/v1/subscriptions?${query.toString()}`, { key: tenant.consumerKey });
  expect([...first.body.data, ...second.body.data].map(({ id }) => id)).toEqual(of("draft", "refunds"));
  expect(second.body.next).toBeNull();
});

test("no filter finds another group's subscription, and a provider finds those of its api", async () => {
  for (const query of [{ url: "8.8.8.8" }, { status: "active" }, { q: foreign.subscriptionId }])
    expect(await found({ ...query }, tenant.consumerKey)).not.toContain(foreign.subscriptionId);
  expect(await found({ url: "8.8.8.8" }, foreign.providerKey)).toEqual([foreign.subscriptionId]);
  expect(await found({ url: "8.8.8.8", groupId: foreign.groupId })).toEqual([]);
});

test("who sees a URL without its query does not find the query out", async () => {
  const { token } = await api.key({ role: "operator" });
  expect(await found({ url: "https://8.8.8.8/ledger?token=c" })).toEqual(of("ledger"));
  expect(await found({ url: "https://8.8.8.8/ledger?token=c" }, token)).toEqual([]);
  expect(await found({ url: "https://8.8.8.8/ledger" }, token)).toEqual(of("ledger"));
});
