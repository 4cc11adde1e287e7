/** Who hears of requests for grants: those who may read them, and nobody else. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { SESSION_COOKIE } from "../../../../src/api/http/cookies.js";
import { newId } from "../../../../src/store/ids.js";
import { createBrowser, makeCompany } from "../../browser.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../../running-api.js";
import { createAudience, deliveryNow, listen, type Listening, WITHIN } from "./listening.js";

let api: RunningApi;
let mine: Tenant;
let others: Tenant;
const { hear, leave } = createAudience(() => api);

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  [mine, others] = [await makeTenant(api, "mine"), await makeTenant(api, "others")];
});
afterAll(async () => {
  await leave();
  await api?.close();
});

/** A request of the tenant's group for a new type of its api. */
async function request({ groupId, apiId }: Tenant): Promise<string> {
  const id = newId("grq");
  const wanted = { id, groupId, grant: `${id.toLowerCase()}.made`, apiId };
  await api.store.grantRequests.open({
    ...wanted,
    status: "open",
    reason: "canary",
    requestedBy: "test",
    createdAt: new Date(),
  });
  return id;
}
/** What it was told of requests, each change once. */
const told = ({ events }: Listening): string[] => [
  ...new Set(
    events.flatMap(({ event, data }) =>
      event === "grant_request" ? [`${String(data["id"])} ${String(data["status"])}`] : [],
    ),
  ),
];

it("tells of a request and of the decision, and of nothing that a log may not hold", async () => {
  const listening = await hear("events=grant_request", mine.providerKey);
  const id = await request(mine);
  await expect.poll(() => told(listening), WITHIN).toEqual([`${id} open`]);
  const refused = await api.call("POST", `/v1/grant-requests/${id}/refuse`, { body: { reason: "canary" } });
  expect(refused.status, refused.text).toBe(200);
  await expect.poll(() => told(listening), WITHIN).toEqual([`${id} open`, `${id} refused`]);
  expect(Object.keys(listening.events.at(-1)?.data ?? {})).toEqual(["id", "status", "updatedAt"]);
  expect(JSON.stringify(listening.events)).not.toContain("canary");
});

it("tells those who may read the request, and another group's listener nothing", async () => {
  const reading = ["deliveries:read", "grants:read"];
  const scoped = await api.key({ role: "consumer", groupId: mine.groupId, scopes: ["deliveries:read"] });
  const operator = await api.key({ role: "operator", scopes: reading });
  const heard = {
    mine: await hear("", mine.consumerKey),
    provider: await hear("events=subscription,grant_request", mine.providerKey),
    group: await hear(`groupId=${mine.groupId}`, api.adminKey),
    operator: await hear("", operator.token),
  };
  const deaf = {
    theirs: await hear("", others.consumerKey),
    theirProvider: await hear("events=delivery,grant_request", others.providerKey),
    theirGroup: await hear(`groupId=${others.groupId}`, api.adminKey),
    subscription: await hear(`subscriptionId=${mine.subscriptionId}`, api.adminKey),
    status: await hear("status=parked", api.adminKey),
    deliveries: await hear("events=delivery", api.adminKey),
    scoped: await hear("", scoped.token),
  };
  const before = told(heard.mine);
  const id = await request(mine);
  for (const each of Object.values(heard)) await expect.poll(() => told(each), WITHIN).toContain(`${id} open`);
  // Of what came later each of them hears, so it would have heard of the request.
  const last = [deliveryNow(mine, "last", { status: "parked" }), deliveryNow(others, "last", { status: "parked" })];
  await api.store.deliveries.insertMany(last);
  for (const [name, each] of Object.entries(deaf)) {
    await expect.poll(() => each.told().length, { ...WITHIN, message: name }).toBeGreaterThan(0);
    expect(
      told(each).filter((text) => text.startsWith(id)),
      name,
    ).toEqual([]);
  }
  expect(told(heard.mine).filter((text) => !before.includes(text))).toEqual([`${id} open`]);
});

it("goes on where the stream ended", async () => {
  const before = await hear("events=grant_request", mine.consumerKey);
  before.close();
  await before.ended;
  const id = await request(mine);
  const cursor = String(before.events[0]?.id);
  const again = await hear("events=grant_request", mine.consumerKey, { "last-event-id": cursor });
  await expect.poll(() => told(again), WITHIN).toContain(`${id} open`);
});

it("a stream ends when the groups of its listener change, and another person's goes on", async () => {
  const company = await makeCompany(api, { groupIds: [mine.groupId, others.groupId] });
  const groups = async (tenant: Tenant, samlGroups: string[]) =>
    expect((await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { samlGroups } })).status).toBe(200);
  await groups(mine, ["ledger", "audit"]);
  const listener = async (nameId: string, group: string) => {
    const browser = createBrowser(api.url);
    await company.logIn(browser, { nameId, groups: [group] });
    const cookie = `${SESSION_COOKIE}=${browser.cookies.get(SESSION_COOKIE)}`;
    return { cookie, listening: await listen(api, "", { cookie }) };
  };
  const [changed, same] = [await listener("changed", "ledger"), await listener("same", "audit")];
  for (const { listening } of [changed, same])
    await expect.poll(() => listening.events[0]?.event, WITHIN).toBe("hello");
  // The group of the others is now this person's, too.
  await groups(others, ["ledger"]);
  await changed.listening.ended;
  const again = await listen(api, "", { cookie: changed.cookie });
  await api.store.deliveries.insertMany([deliveryNow(others, "of-both"), deliveryNow(mine, "of-one")]);
  const [theirs, own] = [deliveryNow(others, "of-both").id, deliveryNow(mine, "of-one").id];
  await expect.poll(() => again.told().toSorted(), WITHIN).toEqual(expect.arrayContaining([theirs, own]));
  await expect.poll(() => same.listening.told(), WITHIN).toContain(own);
  expect(same.listening.told()).not.toContain(theirs);
  for (const each of [again, same.listening]) each.close();
});
