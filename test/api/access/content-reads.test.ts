/** Who reads what is sealed is on record before it is shown. */
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { startApiWithAudit } from "../audit-away.js";
import { makeTenant, type RunningApi, type Tenant } from "../running-api.js";
import { parkedDelivery } from "../recorded.js";

let api: RunningApi;
let tenant: Tenant;
let away = false;
beforeAll(async () => {
  api = await startApiWithAudit(() => away);
  tenant = await makeTenant(api, "reads");
});
afterAll(() => api?.close());
beforeEach(() => void (away = false));

/** A delivery with a payload and one attempt. */
async function deliver(content = true): Promise<string> {
  const eventId = newId("evt");
  if (content)
    expect(
      (
        await api.call("POST", "/v1/events", {
          key: tenant.providerKey,
          body: { type: tenant.eventType, id: eventId, data: { canary: "4111" } },
        })
      ).status,
    ).toBe(202);
  const detail = { url: "https://8.8.8.8/hook", requestHeaders: {}, responseBody: "canary-answer" };
  const delivery = parkedDelivery(tenant, eventId, content ? detail : undefined);
  await api.store.deliveries.insertMany([delivery]);
  return delivery.id;
}
const entries = async (query: string) =>
  (
    await api.call<{ data: { actor: string; subject: string; detail: Record<string, unknown> }[] }>(
      "GET",
      `/v1/audit?limit=250&${query}`,
    )
  ).body.data;

test(
  "the first read of a payload is an entry at once, the others of its minute are one, and none " +
    "says what was in it",
  async () => {
    const reader = await api.key({ role: "consumer", groupId: tenant.groupId });
    const ids = [await deliver(), await deliver(), await deliver()];
    for (const id of ids)
      expect((await api.call("GET", `/v1/deliveries/${id}`, { key: reader.token })).text).toContain("canary-answer");
    const mine = `action=content.read&actor=key:${reader.id}`;
    expect(await entries(mine)).toMatchObject([
      { subject: tenant.groupId, detail: { acts: 1, payloads: 1, attempts: 1, deliveries: [ids[0]] } },
    ]);
    await api.auditTally.close();
    const all = await entries(mine);
    expect(all).toMatchObject([
      { detail: { acts: 2, payloads: 2, attempts: 2, deliveries: ids.slice(1).sort() } },
      { detail: { acts: 1 } },
    ]);
    for (const content of ["4111", "canary"]) expect(JSON.stringify(all)).not.toContain(content);
  },
);

test("an auditor, who sees no content, and a delivery without any leave no entry", async () => {
  const [auditor, reader] = [await api.key({ role: "auditor" }), await api.key({ role: "operator" })];
  expect((await api.call("GET", `/v1/deliveries/${await deliver()}`, { key: auditor.token })).status).toBe(200);
  expect((await api.call("GET", `/v1/deliveries/${await deliver(false)}`, { key: reader.token })).status).toBe(200);
  expect((await api.call("GET", "/v1/deliveries", { key: reader.token })).text).not.toContain("canary");
  for (const { id } of [auditor, reader]) expect(await entries(`action=content.read&actor=key:${id}`)).toEqual([]);
});

test("what cannot be recorded is not shown", async () => {
  const reader = await api.key({ role: "operator" });
  const id = await deliver();
  away = true;
  const answer = await api.call("GET", `/v1/deliveries/${id}`, { key: reader.token });
  expect(answer).toMatchObject({ status: 503, body: { code: "unavailable" } });
  expect(answer.text).not.toContain("canary");
});

test("who reads about people is on record by the people's ids", async () => {
  const personId = await api.store.people.loggedIn({
    connectionId: newId("sso"),
    nameId: "ada",
    displayName: "Ada Lovelace",
    at: new Date(),
  });
  const admin = await api.key({ role: "admin" });
  expect((await api.call("GET", `/v1/people/${personId}`, { key: admin.token })).text).toContain("Lovelace");
  const [entry] = await entries(`action=people.read&actor=key:${admin.id}`);
  expect(entry).toMatchObject({ subject: "people", detail: { people: [personId] } });
  expect(JSON.stringify(entry)).not.toContain("Lovelace");
});
