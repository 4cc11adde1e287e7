/** Nobody decides about what they asked for themselves, and who decides sees who asked. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { type RunningApi, startApi } from "../../running-api.js";
import { act, api, change, consumer, draft, setUpLife, tenant, type View } from "../life-setup.js";

setUpLife();

/** The same records in a team of one. */
let alone: RunningApi;
beforeAll(async () => {
  alone = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    beside: api,
    settings: { twoPerson: false },
  });
});
afterAll(() => alone?.close());

/** A key that nobody here made: it stands for a person of its own. */
async function strangersKey(role: "admin" | "provider" = "provider"): Promise<string> {
  const { id, token } = await api.key({ role });
  await api.store.apiKeys.update(id, ({ createdBy: _maker, ...key }) => key);
  return token;
}
const admin = (id: string, name: string, body?: unknown) => act(id, name, api.adminKey, body);
async function submittedBy(key: string): Promise<string> {
  const { id } = await draft();
  expect((await consumer(id, "verify")).status).toBe(200);
  expect((await act(id, "submit", key)).body.status).toBe("submitted");
  return id;
}
const needed = { status: 409, body: { code: "second_person_needed" } };
const read = async (id: string, key = api.adminKey) =>
  (await api.call<View>("GET", `/v1/subscriptions/${id}`, { key })).body;

test("who submitted it neither approves nor refuses it, and another does", async () => {
  const id = await submittedBy(api.adminKey);
  expect(await admin(id, "approve", { activate: true })).toMatchObject(needed);
  expect(await admin(id, "reject", { reason: "no" })).toMatchObject(needed);
  expect(await read(id)).toMatchObject({
    status: "submitted",
    askedBy: [{ id: "environment" }],
    secondPersonNeeded: true,
  });
  expect(await act(id, "approve", tenant.providerKey), "its maker asked").toMatchObject(needed);
  const stranger = await strangersKey();
  const other = await read(id, stranger);
  expect(other).toMatchObject({ askedBy: [{ id: "environment" }] });
  expect(other).not.toHaveProperty("secondPersonNeeded");
  expect((await act(id, "approve", stranger)).body.status).toBe("approved");
  expect(await read(id)).not.toHaveProperty("askedBy");
});

test("a key that the asker made is no second person", async () => {
  const maker = await strangersKey("admin");
  const id = await submittedBy(maker);
  const made = await api.call("POST", "/v1/api-keys", { key: maker, body: { name: "second", role: "provider" } });
  expect(await act(id, "approve", String(made.body["key"]))).toMatchObject(needed);
  expect((await admin(id, "approve")).body.status).toBe("approved");
});

test("a consumer's key stands for the consumer, whoever made it", async () => {
  const made = await api.call("POST", "/v1/api-keys", {
    body: { name: "ledger", role: "consumer", groupId: tenant.groupId },
  });
  const id = await submittedBy(String(made.body["key"]));
  expect(await read(id)).toMatchObject({ askedBy: [{ id: `key:${String(made.body["id"])}`, name: "ledger" }] });
  expect(await read(id, tenant.consumerKey)).toMatchObject({ askedBy: [{ id: `key:${String(made.body["id"])}` }] });
  expect((await read(id, tenant.consumerKey))["askedBy"]).not.toMatchObject([{ name: "ledger" }]);
  expect((await admin(id, "approve")).body.status).toBe("approved");
});

test("everybody who asked for further types is an asker until it is decided", async () => {
  const id = await submittedBy(tenant.consumerKey);
  expect((await admin(id, "approve", { activate: true })).body.status).toBe("active");
  const further = `${tenant.eventType}.late`;
  await api.call("POST", "/v1/event-types", { body: { name: further, apiId: tenant.apiId } });
  expect((await change(id, { eventTypes: [tenant.eventType, further] })).body["requestedEventTypes"]).toHaveLength(2);
  const personId = await api.store.people.loggedIn({
    connectionId: "saml_here",
    nameId: "pia",
    displayName: "Pia Provider",
    at: new Date(),
  });
  await api.store.subscriptions.update(id, (each) => ({
    ...each,
    requestedBy: [...(each.requestedBy ?? []), `person:${personId}`, "environment"],
  }));
  expect(await read(id)).toMatchObject({
    askedBy: [{ id: /^key:/ }, { id: `person:${personId}`, name: "Pia Provider" }, { id: "environment" }].map((each) =>
      each.id instanceof RegExp ? { id: expect.stringMatching(each.id) as string } : each,
    ),
    secondPersonNeeded: true,
  });
  expect(await admin(id, "approve")).toMatchObject(needed);
  expect(await admin(id, "reject", { reason: "no" })).toMatchObject(needed);
  expect((await act(id, "approve", await strangersKey())).body).toMatchObject({
    eventTypes: [tenant.eventType, further],
  });
  expect(await api.store.subscriptions.get(id)).not.toHaveProperty("requestedBy");
  const { data } = (
    await api.call<{ data: { subject: string; detail: unknown }[] }>("GET", "/v1/audit?action=people.read")
  ).body;
  expect(JSON.stringify(data)).toContain(personId);
});

test("what waits is listed on its own, and a change of the types by a provider ends the request", async () => {
  const waiting = async () =>
    (await api.call<{ data: View[] }>("GET", "/v1/subscriptions?requested=true&limit=250")).body.data.map(
      (each) => each.id,
    );
  const id = await submittedBy(tenant.consumerKey);
  expect(await waiting()).toContain(id);
  expect((await admin(id, "approve", { activate: true })).body.status).toBe("active");
  expect(await waiting()).not.toContain(id);
  const further = `${tenant.eventType}.other`;
  await api.call("POST", "/v1/event-types", { body: { name: further, apiId: tenant.apiId } });
  await change(id, { eventTypes: [tenant.eventType, further] });
  expect(await waiting()).toContain(id);
  await change(id, { eventTypes: [tenant.eventType] }, tenant.providerKey);
  expect(await waiting()).not.toContain(id);
  expect(await api.store.subscriptions.get(id)).not.toHaveProperty("requestedBy");
});

test("in a team of one, who asked decides", async () => {
  const id = await submittedBy(api.adminKey);
  expect(await admin(id, "approve")).toMatchObject(needed);
  // The admin key of each process is `environment`.
  const answer = await alone.call("POST", `/v1/subscriptions/${id}/approve`);
  expect(answer).toMatchObject({ status: 200, body: { status: "approved" } });
});
