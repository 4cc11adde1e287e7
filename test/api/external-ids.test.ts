/** Apis and groups by the ids that the provider gave them. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "./running-api.js";

let api: RunningApi;
let tenant: Tenant;
let other: Tenant;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  [tenant, other] = [await makeTenant(api, "mine"), await makeTenant(api, "others")];
  for (const [path, externalId] of [
    [`/v1/groups/${tenant.groupId}`, "acme"],
    [`/v1/groups/${other.groupId}`, "elsewhere"],
    [`/v1/apis/${tenant.apiId}`, "billing"],
    [`/v1/apis/${other.apiId}`, "hidden"],
  ])
    expect((await api.call("PATCH", String(path), { body: { externalId } })).body).toMatchObject({ externalId });
});
afterAll(() => api?.close());

describe("in a path", () => {
  it.each(["groups", "apis"] as const)(
    "%s are named by it in every method, and the audit names the id",
    async (kind) => {
      const made = await api.call("POST", `/v1/${kind}`, { body: { name: "new", externalId: "new.one" } });
      expect(made.status, made.text).toBe(201);
      const id = String(made.body["id"]);
      const path = `/v1/${kind}/ext:new.one`;
      const read = await api.call("GET", path);
      expect(read.body).toMatchObject({ id, externalId: "new.one" });
      const headers = { "if-match": String(read.headers["etag"]) };
      expect((await api.call("PATCH", path, { body: { name: "other" }, headers })).body).toMatchObject({ id });
      expect((await api.problem("PATCH", path, { body: { name: "third" }, headers })).status).toBe(412);
      const audit = await api.call<{ data: { subject: string }[] }>("GET", `/v1/audit?subject=${id}`);
      expect(audit.body.data.length).toBeGreaterThan(1);
      expect((await api.call("DELETE", path)).status).toBe(204);
      expect(await api.problem("GET", path)).toMatchObject({ status: 404, code: "not_found" });
    },
  );
  it("holds and exports are named by it too", async () => {
    const held = await api.call("PUT", "/v1/groups/ext:acme/hold", { body: { reason: "A case" } });
    expect(held.body, held.text).toMatchObject({ target: `group/${tenant.groupId}` });
    expect((await api.call("DELETE", "/v1/groups/ext:acme/hold")).status).toBe(204);
    expect((await api.call("GET", "/v1/apis/ext:billing/export")).status).toBe(200);
  });
  it("another's is not found", async () => {
    const key = tenant.consumerKey;
    expect((await api.call("GET", "/v1/groups/ext:acme", { key })).body["id"]).toBe(tenant.groupId);
    expect((await api.problem("GET", "/v1/groups/ext:elsewhere", { key })).code).toBe("not_found");
    expect((await api.problem("GET", "/v1/apis/ext:hidden", { key })).code).toBe("not_found");
    expect((await api.problem("GET", "/v1/apis/ext:hidden", { key: tenant.providerKey })).code).toBe("not_found");
  });
  it.each(["ext:", "ext:a b", "acme", "ext:nobody", `ext:${"a".repeat(129)}`])("%s is no group", async (reference) => {
    const problem = await api.problem("GET", `/v1/groups/${encodeURIComponent(reference)}`);
    expect(problem).toMatchObject({ status: 404, code: "not_found" });
  });
});

describe("in a query and in a body", () => {
  it("takes the place of the id", async () => {
    const listed = await api.call<{ data: { id: string }[] }>("GET", "/v1/subscriptions?groupId=ext:acme");
    expect(listed.body.data.map(({ id }) => id)).toEqual([tenant.subscriptionId]);
    const types = await api.call<{ data: { name: string }[] }>("GET", "/v1/event-types?apiId=ext:billing");
    expect(types.body.data.map(({ name }) => name)).toEqual([tenant.eventType]);
    const type = await api.call("POST", "/v1/event-types", { body: { name: "mine.new", apiId: "ext:billing" } });
    expect(type.body, type.text).toMatchObject({ apiId: tenant.apiId });
    const groupIds = ["ext:acme", tenant.groupId];
    const key = await api.call("POST", "/v1/api-keys", { body: { name: "k", role: "consumer", groupIds } });
    expect(key.body, key.text).toMatchObject({ groupId: tenant.groupId });
    const since = new Date(Date.now() - 3_600_000).toISOString();
    const preview = await api.call("POST", "/v1/recoveries/preview", {
      body: { filter: { groupId: "ext:acme", since } },
    });
    expect(preview.body, preview.text).toMatchObject({ filter: { groupId: tenant.groupId }, count: 0 });
    const file = await api.call("GET", "/v1/subscriptions/export?format=csv&groupId=ext:acme");
    expect(file.text).toContain(tenant.subscriptionId);
    expect(file.text).not.toContain(other.subscriptionId);
  });
  it("is unknown if nobody has it, or if the actor does not see who has it", async () => {
    const body = { groupId: "ext:nobody", url: "https://8.8.8.8/hook", eventTypes: [tenant.eventType] };
    expect((await api.problem("POST", "/v1/subscriptions", { body })).code).toBe("group_unknown");
    const foreign = { ...body, groupId: "ext:elsewhere" };
    const unknown = await api.problem("POST", "/v1/subscriptions", { body, key: tenant.consumerKey });
    const problem = await api.problem("POST", "/v1/subscriptions", { body: foreign, key: tenant.consumerKey });
    expect(problem.code).toBe(unknown.code);
    const type = { name: "mine.more", apiId: "ext:hidden" };
    expect((await api.problem("POST", "/v1/event-types", { body: type, key: tenant.providerKey })).code).toBe(
      "api_unknown",
    );
  });
  it("an event goes to the groups that have it", async () => {
    const publish = (groups: string[]) =>
      api.call("POST", "/v1/events", { body: { type: tenant.eventType, data: {}, groups } });
    const answer = await publish(["ext:acme", tenant.groupId]);
    expect(answer.status, answer.text).toBe(202);
    const event = await api.store.events.get(String(answer.body["id"]));
    expect(event?.groups).toEqual([tenant.groupId]);
    expect((await publish(["ext:nobody"])).body).toMatchObject({ code: "group_unknown" });
  });
});

it.each(["groups", "apis"] as const)("among %s nobody else can have it", async (kind) => {
  const externalId = kind === "groups" ? "acme" : "billing";
  const taken = { status: 409, code: "external_id_taken" };
  expect(await api.problem("POST", `/v1/${kind}`, { body: { name: "new", externalId } })).toMatchObject(taken);
  const free = (await api.call("POST", `/v1/${kind}`, { body: { name: "new" } })).body["id"];
  const path = `/v1/${kind}/${String(free)}`;
  expect(await api.problem("PATCH", path, { body: { name: "not this", externalId } })).toMatchObject(taken);
  expect((await api.call("GET", path)).body).toMatchObject({ name: "new" });
  const given = await api.call("PATCH", path, { body: { externalId: "free" } });
  expect(given.body).toMatchObject({ externalId: "free" });
  expect((await api.call("PATCH", path, { body: { externalId: null } })).body).not.toHaveProperty("externalId");
});

it("another process finds it at once, and no longer where it was", async () => {
  const made = await api.call("POST", "/v1/groups", { body: { name: "next", externalId: "moves" } });
  // As another process writes: this one's memory does not know it yet.
  await api.store.groups.update(String(made.body["id"]), ({ externalId: _moved, ...rest }) => rest);
  await api.store.groups.update(other.groupId, (group) => ({ ...group, externalId: "moves" }));
  expect((await api.call("GET", "/v1/groups/ext:moves")).body["id"]).toBe(other.groupId);
});
