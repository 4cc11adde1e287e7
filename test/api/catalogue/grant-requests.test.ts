import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let asking: Tenant;
let listed: Tenant;
let hidden: Tenant;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  [asking, listed, hidden] = [
    await makeTenant(api, "asking"),
    await makeTenant(api, "listed"),
    await makeTenant(api, "hidden"),
  ];
  expect(
    (await api.call("PATCH", `/v1/apis/${listed.apiId}`, { key: listed.providerKey, body: { listed: true } })).body,
  ).toMatchObject({ listed: true });
});
afterAll(() => api?.close());

/** A consumer of a group of its own. */
async function consumer(grants: string[] = []) {
  const groupId = String((await api.call("POST", "/v1/groups", { body: { name: "new", grants } })).body["id"]);
  return { groupId, key: (await api.key({ role: "consumer", groupId })).token };
}
const ask = (key: string, body: unknown) => api.call("POST", "/v1/grant-requests", { key, body });
const act = (key: string, id: unknown, action: string, body?: unknown) =>
  api.call("POST", `/v1/grant-requests/${String(id)}/${action}`, { key, ...(body !== undefined && { body }) });

test("a consumer finds a listed api, and of it no more than name and description", async () => {
  const { key } = await consumer();
  const { body } = await api.call<{ data: Record<string, unknown>[] }>("GET", "/v1/apis", { key });
  expect(body.data.map(({ id }) => id)).toEqual([listed.apiId]);
  expect((await api.call("GET", `/v1/apis/${listed.apiId}`, { key })).body).toMatchObject({
    name: "listed",
    listed: true,
  });
  expect(await api.problem("GET", `/v1/apis/${hidden.apiId}`, { key })).toMatchObject({ status: 404 });
  expect((await api.call("GET", "/v1/event-types", { key })).body).toMatchObject({ data: [] });
  expect(await api.problem("GET", `/v1/event-types/${listed.eventType}`, { key })).toMatchObject({ status: 404 });
  expect(
    await api.problem("PATCH", `/v1/apis/${listed.apiId}`, { key: hidden.providerKey, body: { listed: false } }),
  ).toMatchObject({ status: 404 });
});

test("asks, is approved by the provider of the api, and has the grant", async () => {
  const { groupId, key } = await consumer();
  const asked = await ask(key, { grant: listed.apiId, reason: "We pay by invoice" });
  expect(asked).toMatchObject({
    status: 201,
    body: { groupId, grant: listed.apiId, apiId: listed.apiId, status: "open", reason: "We pay by invoice" },
  });
  const again = await ask(key, { grant: listed.apiId });
  expect(again).toMatchObject({ status: 200, body: { id: asked.body["id"], reason: "We pay by invoice" } });
  expect((await api.call("GET", "/v1/grant-requests?status=open", { key: listed.providerKey })).body).toMatchObject({
    data: [{ id: asked.body["id"] }],
  });
  expect(await act(key, asked.body["id"], "approve")).toMatchObject({ status: 403 });
  expect(await act(hidden.providerKey, asked.body["id"], "approve")).toMatchObject({ status: 404 });

  const approved = await act(listed.providerKey, asked.body["id"], "approve", { reason: "Contract 17" });
  expect(approved).toMatchObject({
    status: 200,
    body: {
      status: "approved",
      decisionReason: "Contract 17",
      decidedBy: expect.stringMatching(/^key:/) as string,
      decidedAt: expect.any(String) as string,
    },
  });
  expect((await api.call("GET", "/v1/event-types", { key })).body).toMatchObject({
    data: [{ name: listed.eventType, grantedBy: [{ groupId, grant: listed.apiId }] }],
  });
  expect((await api.call("GET", `/v1/grant-requests/${String(asked.body["id"])}`, { key })).body).toEqual(
    approved.body,
  );
  expect(await api.problem("POST", "/v1/grant-requests", { key, body: { grant: listed.apiId } })).toMatchObject({
    status: 409,
    code: "already_granted",
  });
  expect(await api.problem("POST", "/v1/grant-requests", { key, body: { grant: listed.eventType } })).toMatchObject({
    code: "already_granted",
  });
  const audit = JSON.stringify((await api.call("GET", "/v1/audit?limit=10")).body);
  for (const action of ["grant_request.create", "grant_request.approve", "group.grant"])
    expect(audit).toContain(action);

  // Taken away later, it does not come back by approving the old request again.
  await api.call("PATCH", `/v1/groups/${groupId}`, { body: { grants: [] } });
  expect(await act(listed.providerKey, asked.body["id"], "approve")).toMatchObject({
    status: 409,
    body: { code: "request_settled" },
  });
  expect((await api.store.groups.get(groupId))?.grants).toEqual([]);
});

test("an approval that was interrupted is finished by approving again", async () => {
  const { groupId, key } = await consumer();
  const id = String((await ask(key, { grant: listed.eventType })).body["id"]);
  await api.store.grantRequests.settle(id, { status: "approved", decidedBy: "died", decidedAt: new Date() });
  expect(await act(listed.providerKey, id, "approve")).toMatchObject({
    status: 200,
    body: { status: "approved", decidedBy: "died" },
  });
  expect((await api.store.groups.get(groupId))?.grants).toEqual([listed.eventType]);
});

test("is refused with a reason, or withdraws; each once", async () => {
  const { groupId, key } = await consumer();
  const first = (await ask(key, { grant: listed.eventType })).body["id"];
  expect(await act(listed.providerKey, first, "refuse", {})).toMatchObject({ status: 400 });
  expect(await act(listed.providerKey, first, "refuse", { reason: "No contract" })).toMatchObject({
    status: 200,
    body: { status: "refused", decisionReason: "No contract" },
  });
  for (const [by, action, body] of [
    [listed.providerKey, "approve", undefined],
    [listed.providerKey, "refuse", { reason: "x" }],
    [key, "withdraw", undefined],
  ] as const) {
    expect(await act(by, first, action, body)).toMatchObject({ status: 409, body: { code: "request_settled" } });
  }
  const second = (await ask(key, { grant: listed.eventType })).body["id"];
  expect(second).not.toBe(first);
  expect(await act(asking.consumerKey, second, "withdraw")).toMatchObject({ status: 404 });
  expect(await act(listed.providerKey, second, "withdraw")).toMatchObject({ status: 403 });
  expect(await act(key, second, "withdraw")).toMatchObject({ status: 200, body: { status: "withdrawn" } });
  expect((await api.store.groups.get(groupId))?.grants).toEqual([]);
  expect((await api.call("GET", "/v1/grant-requests", { key })).body).toMatchObject({
    data: [{ id: second }, { id: first }],
  });
});

test("what is not listed answers like what does not exist", async () => {
  const { groupId, key } = await consumer();
  const problems = await Promise.all(
    [hidden.apiId, hidden.eventType, "no.such.type", "api_01K3ZJ8Q5T9V7X2M4N6P8R0S1W", `${listed.eventType}.not`].map(
      (grant) => api.problem("POST", "/v1/grant-requests", { key, body: { grant } }),
    ),
  );
  for (const { headers: _headers, ...problem } of problems)
    expect(problem).toMatchObject({
      status: 422,
      code: "grant_unknown",
      detail: problems[0]?.detail,
      errors: problems[0]?.errors,
    });
  expect(
    await api.problem("POST", "/v1/grant-requests", { key, body: { grant: listed.apiId, groupId: asking.groupId } }),
  ).toMatchObject({ code: "group_unknown" });
  expect(
    await api.problem("POST", "/v1/grant-requests", {
      key: listed.providerKey,
      body: { grant: listed.apiId, groupId },
    }),
  ).toMatchObject({ status: 403 });
  expect(await api.problem("POST", "/v1/grant-requests", { key, body: { grant: "a b" } })).toMatchObject({
    status: 400,
  });
  expect((await api.call("GET", `/v1/grant-requests?apiId=${hidden.apiId}`, { key: listed.providerKey })).body).toEqual(
    { data: [], next: null },
  );
  expect((await api.call("GET", `/v1/grant-requests?groupId=${asking.groupId}`, { key })).body).toEqual({
    data: [],
    next: null,
  });
});

test("of an api that is granted in part, the rest can be asked for", async () => {
  const { key } = await consumer([hidden.eventType]);
  expect(await ask(key, { grant: hidden.apiId })).toMatchObject({ status: 201 });
});

test("ten at once open one request, and of an approval and a refusal at once one counts", async () => {
  const { groupId, key } = await consumer();
  const answers = await Promise.all(Array.from({ length: 10 }, () => ask(key, { grant: listed.apiId })));
  expect(new Set(answers.map(({ body }) => body["id"])).size).toBe(1);
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
  const id = answers[0]?.body["id"];
  const [approved, refused] = await Promise.all([
    act(listed.providerKey, id, "approve"),
    act(listed.providerKey, id, "refuse", { reason: "no" }),
  ]);
  expect([approved.status, refused.status].sort()).toEqual([200, 409]);
  expect((await api.store.groups.get(groupId))?.grants).toEqual(approved.status === 200 ? [listed.apiId] : []);
});

test("a type that is gone, or another api's by now, is not granted", async () => {
  const { groupId, key } = await consumer();
  const name = "listed.moving.type";
  await api.call("POST", "/v1/event-types", { body: { name, apiId: listed.apiId } });
  const { id } = (await ask(key, { grant: name })).body;
  await api.call("DELETE", `/v1/event-types/${name}`);
  await api.call("POST", "/v1/event-types", { body: { name, apiId: hidden.apiId } });
  expect(await act(listed.providerKey, id, "approve")).toMatchObject({ status: 422, body: { code: "grant_unknown" } });
  expect((await api.store.groups.get(groupId))?.grants).toEqual([]);
});

test("who asked does not answer, and who decides sees who asked", async () => {
  const { groupId } = await consumer();
  const asked = await ask(api.adminKey, { groupId, grant: listed.apiId });
  expect(asked.status).toBe(201);
  const id = String(asked.body["id"]);
  for (const [action, body] of [
    ["approve", undefined],
    ["refuse", { reason: "no" }],
  ] as const)
    expect(await act(api.adminKey, id, action, body)).toMatchObject({
      status: 409,
      body: { code: "second_person_needed" },
    });
  const read = async (key: string) => (await api.call("GET", `/v1/grant-requests/${id}`, { key })).body;
  expect(await read(api.adminKey)).toMatchObject({ requestedBy: "environment", secondPersonNeeded: true });
  // The key of somebody else, whom the asker did not make it for.
  const stranger = await api.key({ role: "provider", apiIds: [listed.apiId] });
  await api.store.apiKeys.update(stranger.id, ({ createdBy: _maker, ...rest }) => rest);
  expect(await read(stranger.token)).not.toHaveProperty("secondPersonNeeded");
  expect(await act(stranger.token, id, "approve")).toMatchObject({ status: 200, body: { status: "approved" } });
});

test("the names of people and keys are shown to who decides, not to a consumer", async () => {
  const { groupId, key } = await consumer();
  const made = await api.call("POST", "/v1/api-keys", { body: { name: "Books", role: "consumer", groupId } });
  const { id } = (await ask(String(made.body["key"]), { grant: listed.apiId })).body;
  const path = `/v1/grant-requests/${String(id)}`;
  expect((await api.call("GET", path, { key: listed.providerKey })).body).toMatchObject({ requestedByName: "Books" });
  expect((await api.call("GET", path, { key })).body).not.toHaveProperty("requestedByName");
});
