/** One event to a subscription that did not get it: what is sent, and every reason why not. */
import { describe, expect, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import type { EventRecord } from "../../../src/store/model.js";
import { makeTenant, type Tenant } from "../running-api.js";
import { api, hoursAgo, other, preview, setUpRecoveries, tenant } from "./recoveries-setup.js";

setUpRecoveries();

/** Events on record whose dispatch ended long ago and left no deliveries. Gives their ids. */
async function events(
  count: number,
  {
    of = tenant,
    hours = 1,
    data = {},
    ...more
  }: Partial<EventRecord> & { of?: Tenant; hours?: number; data?: object } = {},
): Promise<string[]> {
  const ids = Array.from({ length: count }, () => newId("evt"));
  await api.store.events.insertMany(
    ids.map((id) => ({
      record: {
        id,
        type: of.eventType,
        apiId: of.apiId,
        contentType: "application/json",
        sha256: "x",
        size: 2,
        acceptedAt: new Date(Date.now() - hours * 3_600_000),
        owner: id,
        ...more,
      },
      payload: Buffer.from(JSON.stringify(data)),
    })),
  );
  return ids;
}
const send = (ref: string, subscriptionId: string, key = tenant.consumerKey) =>
  api.call<{ id: string; code?: string; reason?: string }>("POST", `/v1/events/${ref}/send`, {
    key,
    body: { subscriptionId },
  });
/** The type of a tenant is older than the events of its tests. */
async function aged(name: string): Promise<Tenant> {
  const of = await makeTenant(api, name);
  await api.store.eventTypes.update(of.eventType, (type) => ({
    ...type,
    createdAt: new Date(Date.now() - 90 * 86_400_000),
  }));
  await api.catalogue.refresh();
  return of;
}

describe("POST /v1/events/{ref}/send", () => {
  test("makes the delivery and its workflow, once, and records who asked", async () => {
    const of = await aged("sent");
    const [event = ""] = await events(1, { of });
    const sent = await send(event, of.subscriptionId, of.consumerKey);
    expect(sent.status, sent.text).toBe(202);
    const id = `${event}.${of.subscriptionId}`;
    expect(sent.body).toMatchObject({ id, status: "pending", attemptCount: 0 });
    expect(await api.store.deliveries.get(id)).toMatchObject({ status: "pending", workflowId: `resend/${id}` });
    expect((await api.client.workflow.getHandle(`resend/${id}`).describe()).status.name).toBe("RUNNING");
    const [entry] = (await api.store.audit.list({ limit: 1 }, { subject: id })).data;
    expect(entry?.action).toBe("delivery.send");
    expect(await send(event, of.subscriptionId, of.consumerKey)).toMatchObject({
      status: 409,
      body: { code: "delivery_exists" },
    });
  });

  test("says why the event is not for the subscription", async () => {
    const of = await aged("unwanted");
    const [event = "", small = ""] = [...(await events(1, { of, data: { total: 900 } })), ...(await events(1, { of }))];
    const change = async (to: object) => {
      await api.store.subscriptions.update(of.subscriptionId, (current) => ({ ...current, ...to }));
      await api.catalogue.refresh();
    };
    const why = async (ref: string) => (await send(ref, of.subscriptionId, of.consumerKey)).body;
    await change({ status: "paused" });
    expect(await why(event)).toMatchObject({ code: "event_not_wanted", reason: "subscription_not_in_service" });
    await change({ status: "active", filter: "data.total > 500" });
    expect(await why(small)).toMatchObject({ code: "event_not_wanted", reason: "filtered" });
    const [addressed = ""] = await events(1, {
      of,
      groups: [of.groupId, newId("grp")],
      subscriptionIds: [newId("sub")],
    });
    expect(await why(addressed)).toMatchObject({ reason: "not_subscribed" });
    // The name was another api's when the event was accepted.
    const [former = ""] = await events(1, { of, hours: 24 * 120, data: { total: 900 } });
    expect(await why(former)).toMatchObject({ reason: "not_subscribed" });
    await api.store.groups.update(of.groupId, (group) => ({ ...group, grants: [] }));
    await api.catalogue.refresh();
    expect(await why(event)).toMatchObject({ reason: "not_granted" });
  });

  test("sends nothing of an erased event, of one under way, or of another group", async () => {
    const of = await aged("closed");
    const [erased = "", event = ""] = await events(2, { of });
    await api.store.events.expunge(erased, new Date());
    expect(await send(erased, of.subscriptionId, of.consumerKey)).toMatchObject({
      status: 410,
      body: { code: "erased" },
    });
    expect((await send(event, tenant.subscriptionId, of.consumerKey)).status).toBe(404);
    expect((await send(event, of.subscriptionId, other.consumerKey)).status).toBe(404);
    expect((await send(newId("evt"), of.subscriptionId, of.consumerKey)).status).toBe(404);
    const published = await api.call<{ id: string }>("POST", "/v1/events", {
      key: of.providerKey,
      body: { type: of.eventType, data: {} },
    });
    expect(await send(published.body.id, of.subscriptionId, of.consumerKey)).toMatchObject({
      status: 409,
      body: { code: "event_under_way" },
    });
  });
});

describe("a preview of what is missing", () => {
  test("counts events of the subscription's types, by its filter, that have no delivery", async () => {
    const of = await aged("missing");
    await api.store.subscriptions.update(of.subscriptionId, (current) => ({ ...current, filter: "data.total > 500" }));
    await api.catalogue.refresh();
    const [with_ = "", gone = "", ...rest] = await events(6, { of, data: { total: 900 } });
    await events(3, { of, data: { total: 1 } });
    await events(2, { of, data: { total: 900 }, hours: 30 });
    await events(2, { of, data: { total: 900 }, groups: [newId("grp"), newId("grp")] });
    await events(2, { of: tenant, data: { total: 900 } });
    await api.store.events.expunge(gone, new Date());
    const now = new Date();
    await api.store.deliveries.insertMany([
      {
        id: `${with_}.${of.subscriptionId}`,
        eventId: with_,
        subscriptionId: of.subscriptionId,
        groupId: of.groupId,
        eventType: of.eventType,
        status: "cancelled",
        createdAt: now,
        updatedAt: now,
        attemptCount: 0,
        attempts: [],
      },
    ]);
    const filter = { mode: "missing", subscriptionId: of.subscriptionId, since: hoursAgo(24) };
    const counted = await preview(filter, of.consumerKey);
    expect(counted).toMatchObject({
      count: rest.length,
      exact: true,
      byStatus: {},
      needsRelease: false,
      bySubscription: [{ subscriptionId: of.subscriptionId, count: rest.length }],
      filter: { mode: "missing" },
    });
    expect(counted.filter).not.toHaveProperty("status");
    const started = await api.call("POST", "/v1/recoveries", {
      key: of.consumerKey,
      body: { filter, token: counted.token, ratePerSecond: 2, order: "desc" },
    });
    expect(started.body).toMatchObject({ status: "running", count: rest.length, ratePerSecond: 2, order: "desc" });
    // The token of the one is none of the other.
    const { mode: _mode, ...resend } = filter;
    const { token } = await preview(filter, of.consumerKey);
    expect(
      await api.problem("POST", "/v1/recoveries", { key: of.consumerKey, body: { filter: resend, token } }),
    ).toMatchObject({ status: 409, code: "preview_changed" });
  });

  test("needs a subscription, and takes no status", async () => {
    for (const [more, path] of [
      [{}, "filter.subscriptionId"],
      [{ subscriptionId: tenant.subscriptionId, status: ["parked"] }, "filter.status"],
    ] as const)
      expect(
        await api.problem("POST", "/v1/recoveries/preview", {
          key: tenant.consumerKey,
          body: { filter: { mode: "missing", since: hoursAgo(1), ...more } },
        }),
      ).toMatchObject({ status: 400, code: "invalid_request", errors: [{ path }] });
    expect(
      (
        await api.problem("POST", "/v1/recoveries/preview", {
          key: other.consumerKey,
          body: { filter: { mode: "missing", since: hoursAgo(1), subscriptionId: tenant.subscriptionId } },
        })
      ).status,
    ).toBe(404);
  });
});
