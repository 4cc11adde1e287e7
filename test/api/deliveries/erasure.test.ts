/** Erasure over HTTP, followed by attempts to read, publish and send again what was erased. */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import type { Delivery } from "../../../src/store/model.js";
import { SIGNAL, WORKFLOW } from "../../../src/workflows/contract.js";
import { collectSignals, makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";
import { parkedDelivery, recordedEvent } from "../recorded.js";

const CANARY = "kingfisher-4711";
let api: RunningApi;
beforeAll(
  async () =>
    void (api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") })),
);
afterAll(() => api?.close());

let made = 0;
const tenantOf = (): Promise<Tenant> => makeTenant(api, `erasure${++made}`);

/** A recorded event with one delivery. */
async function record(
  tenant: Tenant,
  more: Partial<Delivery> = {},
  groups?: string[],
): Promise<{ eventId: string; deliveryId: string }> {
  const eventId = newId("evt");
  const payload = Buffer.from(JSON.stringify({ canary: CANARY }));
  await api.store.events.insertMany([recordedEvent(tenant, eventId, payload, groups && { groups })]);
  const detail = { url: "https://8.8.8.8/hook", requestHeaders: {}, responseBody: `no ${CANARY}` };
  const delivery = { ...parkedDelivery(tenant, eventId, detail), ...more };
  await api.store.deliveries.insertMany([delivery]);
  return { eventId, deliveryId: delivery.id };
}
const audited = async (action: string) =>
  (
    await api.call<{ data: { action: string; subject: string; detail?: unknown }[] }>("GET", "/v1/audit?limit=20")
  ).body.data.filter((act) => act.action === action);

describe("an event", () => {
  test("loses its content and keeps its bare record; what is open is cancelled", async () => {
    const tenant = await tenantOf();
    const { eventId, deliveryId } = await record(tenant);
    expect((await api.call("GET", `/v1/deliveries/${deliveryId}`)).text.split(CANARY)).toHaveLength(3);
    expect(await api.call("DELETE", `/v1/events/${eventId}`, { key: tenant.providerKey })).toMatchObject({
      status: 204,
      text: "",
    });
    const event = await api.call("GET", `/v1/events/${eventId}`);
    expect(event.body).toMatchObject({
      id: eventId,
      type: tenant.eventType,
      apiId: tenant.apiId,
      size: 28,
      sha256: "",
      deliveries: [{ id: deliveryId, status: "cancelled" }],
    });
    expect(Date.parse(String(event.body["expungedAt"]))).toBeGreaterThan(Date.now() - 60_000);
    const delivery = await api.call("GET", `/v1/deliveries/${deliveryId}`, { key: tenant.consumerKey });
    expect(delivery.body).toMatchObject({
      status: "cancelled",
      reason: "The event's content was erased.",
      attempts: [{ number: 1, outcome: "refused", status: 422 }],
    });
    expect(delivery.body).not.toHaveProperty("payload");
    for (const path of [
      `/v1/events/${eventId}`,
      "/v1/events",
      `/v1/deliveries/${deliveryId}`,
      `/v1/deliveries?eventId=${eventId}`,
      "/v1/audit",
    ]) {
      expect((await api.call("GET", path)).text, path).not.toContain(CANARY);
    }
    expect((await api.call("DELETE", `/v1/events/${eventId}`)).status).toBe(204);
    expect((await api.call("GET", `/v1/events/${eventId}`)).body["expungedAt"]).toBe(event.body["expungedAt"]);
    expect(await audited("event.expunge")).toMatchObject([
      { subject: eventId, detail: { cancelled: 0 } },
      { subject: eventId, detail: { cancelled: 1 } },
    ]);
  });

  test("tells the workflows that look after its deliveries", async () => {
    const tenant = await tenantOf();
    const workflowId = `retry/erasure/${tenant.subscriptionId}`;
    const signals = await collectSignals(api, WORKFLOW.retryDelivery, workflowId);
    const { eventId, deliveryId } = await record(tenant, { workflowId, status: "retrying" });
    const settled = await record(tenant, { status: "delivered" });
    expect((await api.call("DELETE", `/v1/events/${eventId}`)).status).toBe(204);
    expect((await api.call("DELETE", `/v1/events/${settled.eventId}`)).status).toBe(204);
    expect(await signals()).toEqual([SIGNAL.cancel]);
    expect((await api.call("GET", `/v1/deliveries/${deliveryId}`)).body).toMatchObject({ status: "retrying" });
    expect((await api.call("GET", `/v1/deliveries/${settled.deliveryId}`)).body).toMatchObject({ status: "delivered" });
  });

  test("is neither sent again nor published again under its id", async () => {
    const tenant = await tenantOf();
    const { eventId, deliveryId } = await record(tenant);
    await api.call("DELETE", `/v1/events/${eventId}`);
    expect(await api.problem("POST", `/v1/deliveries/${deliveryId}/resend`)).toMatchObject({
      status: 410,
      code: "erased",
    });
    const same = { type: tenant.eventType, id: eventId, data: { canary: CANARY } };
    expect(await api.problem("POST", "/v1/events", { body: same })).toMatchObject({ status: 410, code: "erased" });
    expect(await api.problem("POST", "/v1/events", { body: { ...same, data: "another" } })).toMatchObject({
      status: 410,
      code: "erased",
    });
    const batch = await api.call<unknown[]>("POST", "/v1/events", {
      body: [same, { type: tenant.eventType, data: 1 }],
    });
    expect(batch).toMatchObject({
      status: 202,
      body: [{ id: eventId, error: { code: "erased", status: 410 } }, { duplicate: false }],
    });
    expect(
      await api.problem("POST", `/v1/events/${tenant.eventType}`, {
        body: Buffer.from("x"),
        headers: { "content-type": "text/plain", "idempotency-key": eventId },
      }),
    ).toMatchObject({ status: 410, code: "erased" });
    expect((await api.call("GET", `/v1/events/${eventId}`)).text).not.toContain(CANARY);
  });

  test("is not there for others, nor for other roles", async () => {
    const [mine, theirs] = [await tenantOf(), await tenantOf()];
    const { eventId } = await record(theirs);
    expect(await api.problem("DELETE", `/v1/events/${eventId}`, { key: mine.providerKey })).toMatchObject({
      status: 404,
    });
    expect(await api.problem("DELETE", `/v1/events/${newId("evt")}`)).toMatchObject({ status: 404 });
    for (const role of ["operator", "auditor"]) {
      expect(
        await api.problem("DELETE", `/v1/events/${eventId}`, { key: (await api.key({ role })).token }),
      ).toMatchObject({ status: 403 });
    }
    expect(await api.problem("DELETE", `/v1/events/${eventId}`, { key: theirs.consumerKey })).toMatchObject({
      status: 403,
    });
    expect((await api.call("GET", `/v1/events/${eventId}`)).body).not.toHaveProperty("expungedAt");
  });
});

describe("a group", () => {
  test("is refused while something depends on it, and goes with everything when asked to", async () => {
    const tenant = await tenantOf();
    const { eventId, deliveryId } = await record(tenant, {}, [tenant.groupId]);
    const shared = await record(tenant);
    expect(await api.problem("DELETE", `/v1/groups/${tenant.groupId}`)).toMatchObject({ status: 409, code: "in_use" });
    expect(await api.problem("DELETE", `/v1/groups/${tenant.groupId}?cascade=false`)).toMatchObject({
      status: 409,
      code: "in_use",
    });
    expect(await api.problem("DELETE", `/v1/groups/${tenant.groupId}?cascade=yes`)).toMatchObject({ status: 400 });
    expect(
      await api.problem("DELETE", `/v1/groups/${tenant.groupId}?cascade=true`, { key: tenant.providerKey }),
    ).toMatchObject({ status: 403 });
    expect((await api.call("GET", `/v1/deliveries/${deliveryId}`, { key: tenant.consumerKey })).text).toContain(CANARY);

    expect((await api.call("DELETE", `/v1/groups/${tenant.groupId}?cascade=true`)).status).toBe(204);
    for (const path of [`/v1/groups/${tenant.groupId}`, `/v1/subscriptions/${tenant.subscriptionId}`])
      expect(await api.problem("GET", path), path).toMatchObject({ status: 404 });
    expect(await api.problem("GET", "/v1/deliveries", { key: tenant.consumerKey })).toMatchObject({ status: 401 });
    for (const path of [`/v1/deliveries/${deliveryId}`, `/v1/events/${eventId}`])
      expect((await api.call("GET", path)).text, path).not.toContain(CANARY);
    // The key of its payload is destroyed. The record is shown, and no payload with it.
    const bare = await api.call("GET", `/v1/events/${eventId}`);
    expect(bare).toMatchObject({ status: 200, body: { id: eventId, type: tenant.eventType, sha256: "" } });
    expect(bare.body).not.toHaveProperty("payload");
    const delivery = await api.call("GET", `/v1/deliveries/${deliveryId}`);
    expect(delivery.body).toMatchObject({
      status: "cancelled",
      reason: expect.stringMatching(/^The group was deleted\./) as string,
    });
    expect(delivery.body).not.toHaveProperty("payload");
    // The payload of an event that was for others too is the api's.
    expect((await api.call("GET", `/v1/deliveries/${shared.deliveryId}`)).body).toMatchObject({
      payload: { body: JSON.stringify({ canary: CANARY }) },
      attempts: [{ number: 1 }],
    });
    expect(await api.problem("POST", `/v1/deliveries/${deliveryId}/resend`)).toMatchObject({
      status: 410,
      code: "erased",
    });
    expect(
      await api.problem("POST", "/v1/events", {
        body: { type: tenant.eventType, id: eventId, data: { canary: CANARY } },
      }),
    ).toMatchObject({ status: 410, code: "erased" });
    expect(
      await api.problem("POST", "/v1/events", { body: { type: tenant.eventType, data: 1, groups: [tenant.groupId] } }),
    ).toMatchObject({ code: "group_unknown" });
    expect(await audited("group.delete")).toMatchObject([{ subject: tenant.groupId, detail: { subscriptions: 1 } }]);
    expect(await api.problem("DELETE", `/v1/groups/${tenant.groupId}?cascade=true`)).toMatchObject({ status: 404 });
  });

  test("that has been changed since its tag was read stays, and nothing of it is cancelled", async () => {
    const tenant = await tenantOf();
    const { deliveryId } = await record(tenant);
    const path = `/v1/groups/${tenant.groupId}`;
    const stale = String((await api.call("GET", path)).headers["etag"]);
    expect((await api.call("PATCH", path, { body: { name: `newer ${tenant.groupId}` } })).status).toBe(200);
    const before = (await api.call("GET", `/v1/deliveries/${deliveryId}`)).body["status"];
    expect(await api.problem("DELETE", `${path}?cascade=true`, { headers: { "if-match": stale } })).toMatchObject({
      status: 412,
      code: "changed_meanwhile",
    });
    expect((await api.call("GET", `/v1/deliveries/${deliveryId}`)).body["status"]).toBe(before);
    expect(before).not.toBe("cancelled");
    expect(await audited("group.delete")).not.toContainEqual(expect.objectContaining({ subject: tenant.groupId }));
  });

  test("whose deletion stopped half-way is finished by the same call, cascade or not", async () => {
    const tenant = await tenantOf();
    await record(tenant);
    await api.store.erasures.enter([{ target: `group/${tenant.groupId}`, at: new Date(), by: "key:1" }]);
    await api.store.keyring.destroy(`group/${tenant.groupId}`);
    expect((await api.call("DELETE", `/v1/groups/${tenant.groupId}`)).status).toBe(204);
    expect(await api.store.subscriptions.idsOf({ groupId: tenant.groupId })).toEqual([]);
    expect(await api.problem("GET", "/v1/deliveries", { key: tenant.consumerKey })).toMatchObject({ status: 401 });
    expect(await api.problem("GET", `/v1/groups/${tenant.groupId}`)).toMatchObject({ status: 404 });
  });
});

test("an api keeps its events readable unless their erasure is asked for", async () => {
  const unused = async () => {
    const tenant = await tenantOf();
    const recorded = await record(tenant);
    await api.call("DELETE", `/v1/groups/${tenant.groupId}?cascade=true`);
    await api.call("DELETE", `/v1/event-types/${tenant.eventType}`);
    return { ...tenant, ...recorded };
  };
  const [kept, erased] = [await unused(), await unused()];
  expect(await api.problem("DELETE", `/v1/apis/${(await tenantOf()).apiId}?erase=true`)).toMatchObject({
    status: 409,
    code: "in_use",
  });
  expect((await api.call("DELETE", `/v1/apis/${kept.apiId}`)).status).toBe(204);
  expect((await api.call("DELETE", `/v1/apis/${erased.apiId}?erase=true`, { key: erased.providerKey })).status).toBe(
    204,
  );
  expect((await api.call("GET", `/v1/deliveries/${kept.deliveryId}`)).body).toHaveProperty("payload");
  expect((await api.call("GET", `/v1/deliveries/${erased.deliveryId}`)).body).not.toHaveProperty("payload");
  expect((await api.call("GET", `/v1/events/${erased.eventId}`)).body).toMatchObject({ sha256: "" });
  expect(await audited("api.delete")).toMatchObject([
    { subject: erased.apiId, detail: { erased: true } },
    { subject: kept.apiId, detail: { erased: false } },
  ]);
});
