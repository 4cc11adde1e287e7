/** What the API lets people do with the service's own api. */
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { OWN_API_ID } from "../../../src/catalogue/notices/own-api.js";
import { ensureOwnApi } from "../../../src/workers/notices/own-api.js";
import { startApi, type RunningApi } from "../running-api.js";

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  await ensureOwnApi(api.store, api.catalogue);
  await api.catalogue.refresh();
});
afterAll(() => api?.close());

const TYPE = "sealpost.subscription.failing";
const code = async (method: string, path: string, body?: unknown, key = api.adminKey) =>
  (await api.problem(method, path, { key, ...(body !== undefined && { body }) })).code;

it("nobody changes, deletes, erases or imports into it", async () => {
  const before = await api.store.eventTypes.all();
  expect(await code("PATCH", `/v1/event-types/${TYPE}`, { description: "Mine" })).toBe("built_in");
  expect(await code("DELETE", `/v1/event-types/${TYPE}`)).toBe("built_in");
  expect(await code("POST", "/v1/event-types", { name: "mine.made", apiId: OWN_API_ID })).toBe("built_in");
  expect(await code("DELETE", `/v1/apis/${OWN_API_ID}?erase=true`)).toBe("built_in");
  expect(await code("PATCH", `/v1/apis/${OWN_API_ID}`, { name: "Mine" })).toBe("built_in");
  const document = { openapi: "3.1.0", info: { title: "x", version: "1" }, webhooks: { mine: { post: {} } } };
  expect(await code("POST", `/v1/apis/${OWN_API_ID}/import`, document)).toBe("built_in");
  expect(await api.store.eventTypes.all()).toEqual(before);
});

it("an import into another api does not take over its names", async () => {
  const { body } = await api.call<{ id: string }>("POST", "/v1/apis", { body: { name: "Mine" } });
  const webhooks = { [TYPE]: { post: { description: "Mine" } } };
  const document = { openapi: "3.1.0", info: { title: "x", version: "1" }, webhooks };
  expect(await code("POST", `/v1/apis/${body.id}/import`, document)).toBe("document_refused");
  expect(await api.store.eventTypes.get(TYPE)).toMatchObject({ apiId: OWN_API_ID });
});

it("an admin decides who finds it and for how long its events stay, and a provider does not", async () => {
  const provider = await api.key({ role: "provider" });
  expect(await code("PATCH", `/v1/apis/${OWN_API_ID}`, { listed: false }, provider.token)).toBe("built_in");
  const changed = await api.call("PATCH", `/v1/apis/${OWN_API_ID}`, { body: { listed: false, retentionDays: 90 } });
  expect(changed.body).toMatchObject({ listed: false, retentionDays: 90 });
  await api.call("PATCH", `/v1/apis/${OWN_API_ID}`, { body: { listed: true } });
});

it("nobody publishes in the name of the service", async () => {
  const provider = await api.key({ role: "provider" });
  for (const key of [api.adminKey, provider.token])
    expect(await code("POST", "/v1/events", { type: TYPE, data: {} }, key)).toBe("event_type_unknown");
  expect(await code("POST", `/v1/events/${TYPE}`, { at: "now" })).toBe("event_type_unknown");
  expect(await code("POST", "/v1/events", [{ type: TYPE, data: {} }])).toBe("invalid_request");
});

it("a consumer finds it, asks for it, and subscribes after the grant like for any other", async () => {
  const { body: group } = await api.call<{ id: string }>("POST", "/v1/groups", { body: { name: "Consumers" } });
  const { token } = await api.key({ role: "consumer", groupId: group.id });
  const found = await api.call<{ data: { id: string }[] }>("GET", "/v1/apis", { key: token });
  expect(found.body.data.map(({ id }) => id)).toEqual([OWN_API_ID]);
  const asked = await api.call<{ id: string }>("POST", "/v1/grant-requests", {
    key: token,
    body: { grant: OWN_API_ID },
  });
  expect(asked.status).toBe(201);
  expect((await api.call("POST", `/v1/grant-requests/${asked.body.id}/approve`)).status).toBe(200);
  const type = await api.call("GET", `/v1/event-types/${TYPE}`, { key: token });
  expect(type.body).toMatchObject({ name: TYPE, apiId: OWN_API_ID });
  const subscription = await api.call("POST", "/v1/subscriptions", {
    key: token,
    body: { url: "https://8.8.8.8/notices", eventTypes: [TYPE] },
  });
  expect(subscription.status).toBe(201);
});
