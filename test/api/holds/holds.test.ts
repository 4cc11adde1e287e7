/** Legal holds over HTTP, and the retention of an api. */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";
import { parkedDelivery, recordedEvent } from "../recorded.js";

let api: RunningApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    settings: { leastRetentionDays: 3 },
  });
  tenant = await makeTenant(api, "holds");
});
afterAll(() => api?.close());

async function record(groups?: string[]): Promise<string> {
  const eventId = newId("evt");
  await api.store.events.insertMany([recordedEvent(tenant, eventId, Buffer.from("{}"), groups && { groups })]);
  await api.store.deliveries.insertMany([{ ...parkedDelivery(tenant, eventId), apiId: tenant.apiId }]);
  return eventId;
}
const hold = (path: string, reason = "case 1") => api.call("PUT", `${path}/hold`, { body: { reason } });
const acts = async (action: string) =>
  (
    await api.call<{ data: { action: string; subject: string; detail?: object }[] }>("GET", "/v1/audit?limit=50")
  ).body.data.filter((act) => act.action === action);

describe("a hold on an event", () => {
  test("is placed, read, listed and lifted, each on record", async () => {
    const eventId = await record();
    expect(await api.problem("GET", `/v1/events/${eventId}/hold`)).toMatchObject({ code: "not_found" });
    const placed = await hold(`/v1/events/${eventId}`, "  Case 2026-114 ");
    expect(placed).toMatchObject({
      status: 200,
      body: { target: `event/${eventId}`, reason: "Case 2026-114", by: "environment" },
    });
    expect((await api.call("GET", `/v1/events/${eventId}/hold`)).body).toEqual(placed.body);
    expect((await api.call<{ data: unknown[] }>("GET", "/v1/holds?limit=1")).body.data).toEqual([placed.body]);
    expect((await hold(`/v1/events/${eventId}`, "another")).body).toMatchObject({ reason: "another" });
    expect((await api.call("DELETE", `/v1/events/${eventId}/hold`)).status).toBe(204);
    expect(await api.problem("DELETE", `/v1/events/${eventId}/hold`)).toMatchObject({ code: "not_found" });
    expect(await acts("hold.place")).toMatchObject([
      { subject: `event/${eventId}`, detail: { reason: "another" } },
      { subject: `event/${eventId}`, detail: { reason: "Case 2026-114" } },
    ]);
    expect(await acts("hold.lift")).toMatchObject([{ subject: `event/${eventId}` }]);
  });

  test("needs a reason, and an event that is there and stays", async () => {
    const eventId = await record();
    for (const body of [{}, { reason: "" }, { reason: "  " }, { reason: "x".repeat(501) }, { reason: "x", by: "y" }])
      expect(await api.problem("PUT", `/v1/events/${eventId}/hold`, { body })).toMatchObject({
        code: "invalid_request",
      });
    for (const id of [newId("evt"), "order-of-nobody"]) expect((await hold(`/v1/events/${id}`)).status).toBe(404);
    expect(await api.store.holds.get(`event/${eventId}`)).toBeUndefined();
  });

  test("is for admins, and auditors read it", async () => {
    const eventId = await record();
    await hold(`/v1/events/${eventId}`);
    for (const role of ["auditor", "operator"] as const) {
      const made = await api.call("POST", "/v1/api-keys", { body: { name: role, role } });
      const key = String(made.body["key"]);
      const reads = role === "auditor" ? 200 : 403;
      for (const path of [`/v1/events/${eventId}/hold`, "/v1/holds"])
        expect((await api.call("GET", path, { key })).status, `${role} ${path}`).toBe(reads);
      const change = { key, body: { reason: "x" } };
      expect((await api.call("PUT", `/v1/events/${eventId}/hold`, change)).status).toBe(403);
      expect((await api.call("DELETE", `/v1/events/${eventId}/hold`, { key })).status).toBe(403);
    }
    expect((await api.call("GET", `/v1/events/${eventId}/hold`, { key: tenant.providerKey })).status).toBe(403);
  });

  test("forbids its erasure, that of its group and of its api, and nothing is cancelled", async () => {
    const own = await makeTenant(api, "holds-erasure");
    const eventId = newId("evt");
    await api.store.events.insertMany([recordedEvent(own, eventId)]);
    await api.store.deliveries.insertMany([{ ...parkedDelivery(own, eventId), apiId: own.apiId }]);
    await hold(`/v1/events/${eventId}`);
    const groupPath = `/v1/groups/${own.groupId}?cascade=true`;
    for (const path of [`/v1/events/${eventId}`, groupPath])
      expect(await api.problem("DELETE", path), path).toMatchObject({
        status: 409,
        code: "legal_hold",
        detail: expect.stringContaining(`There is a legal hold on event/${eventId}.`) as string,
      });
    expect(await api.store.deliveries.get(`${eventId}.${own.subscriptionId}`)).toMatchObject({ status: "parked" });
    expect(await api.store.events.payload(eventId)).toBeDefined();
    expect((await api.call("DELETE", `/v1/events/${eventId}/hold`)).status).toBe(204);
    expect((await api.call("DELETE", groupPath)).status).toBe(204);
    await hold(`/v1/events/${eventId}`);
    expect((await api.call("DELETE", `/v1/event-types/${own.eventType}`)).status).toBe(204);
    const apiPath = `/v1/apis/${own.apiId}?erase=true`;
    expect(await api.problem("DELETE", apiPath)).toMatchObject({ code: "legal_hold" });
    await api.call("DELETE", `/v1/events/${eventId}/hold`);
    expect((await api.call("DELETE", apiPath)).status).toBe(204);
  });
});

describe("a hold on a group", () => {
  test("forbids its deletion and the erasure of what it got", async () => {
    const own = await makeTenant(api, "holds-group");
    const eventId = newId("evt");
    await api.store.events.insertMany([recordedEvent(own, eventId)]);
    await api.store.deliveries.insertMany([{ ...parkedDelivery(own, eventId), apiId: own.apiId }]);
    expect(await hold(`/v1/groups/${own.groupId}`)).toMatchObject({
      status: 200,
      body: { target: `group/${own.groupId}` },
    });
    for (const path of [`/v1/groups/${own.groupId}?cascade=true`, `/v1/events/${eventId}`])
      expect(await api.problem("DELETE", path), path).toMatchObject({
        code: "legal_hold",
        detail: expect.stringContaining(`There is a legal hold on group/${own.groupId}.`) as string,
      });
    expect((await hold(`/v1/groups/${newId("grp")}`)).status).toBe(404);
    expect((await api.call("DELETE", `/v1/groups/${own.groupId}/hold`)).status).toBe(204);
    expect((await api.call("DELETE", `/v1/events/${eventId}`)).status).toBe(204);
  });
});

describe("the retention of an api", () => {
  test("is set by an admin, shown, changed and taken away", async () => {
    const made = await api.call("POST", "/v1/apis", { body: { name: "kept", retentionDays: 30 } });
    expect(made).toMatchObject({ status: 201, body: { retentionDays: 30 } });
    const path = `/v1/apis/${String(made.body["id"])}`;
    expect((await api.call("PATCH", path, { body: { retentionDays: 3 } })).body).toMatchObject({ retentionDays: 3 });
    expect((await api.call("GET", path)).body).toMatchObject({ retentionDays: 3 });
    expect((await api.call("PATCH", path, { body: { retentionDays: null } })).body).not.toHaveProperty("retentionDays");
    expect(await acts("api.change")).toMatchObject([
      { detail: { retentionDays: null } },
      { detail: { retentionDays: 3 } },
    ]);
  });

  test("is no provider's to set, and no shorter than the engine's", async () => {
    const path = `/v1/apis/${tenant.apiId}`;
    const change = (retentionDays: unknown, key?: string) =>
      api.problem("PATCH", path, { body: { retentionDays }, ...(key !== undefined && { key }) });
    expect(await change(30, tenant.providerKey)).toMatchObject({ status: 403, code: "forbidden" });
    expect(await change(null, tenant.providerKey)).toMatchObject({ status: 403, code: "forbidden" });
    expect(await change(2)).toMatchObject({
      status: 422,
      code: "retention_too_short",
      detail: expect.stringContaining("The Temporal namespace keeps histories for 3 days.") as string,
    });
    for (const days of [0, -1, 1.5, 36_501, "30"])
      expect(await change(days)).toMatchObject({ code: "invalid_request" });
    expect((await api.call("PATCH", path, { body: { name: "x" }, key: tenant.providerKey })).status).toBe(200);
  });
});

test("a delivery that was removed by its age is not sent again", async () => {
  const eventId = await record();
  const delivery = await api.store.deliveries.get(`${eventId}.${tenant.subscriptionId}`);
  const cutoff = new Date(Date.now() + 86_400_000);
  const isIdle = async (workflows: ReadonlySet<string>) => workflows;
  await api.store.retention.sweep({ cutoffs: { byApi: new Map([[tenant.apiId, cutoff]]) }, isIdle });
  expect(delivery).toBeDefined();
  expect((await api.call("POST", `/v1/deliveries/${String(delivery?.id)}/resend`)).status).toBe(404);
  expect((await api.call("GET", `/v1/events/${eventId}`)).status).toBe(404);
});
