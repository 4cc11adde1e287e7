import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";
import { recordedEvent } from "../recorded.js";

interface Routing {
  dispatchedAt?: string;
  data: { subscriptionId: string; groupId: string; outcome: string; basis: string; status?: string }[];
  next: string | null;
}
let api: RunningApi;
let tenant: Tenant;
let other: Tenant;
let eventId: string;
const ids: Record<string, string> = {};
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "routed");
  other = await makeTenant(api, "elsewhere");
  const make = async (groupId: string, eventTypes: string[]): Promise<string> =>
    String(
      (await api.call("POST", "/v1/subscriptions", { body: { groupId, url: "https://8.8.8.8/hook", eventTypes } }))
        .body["id"],
    );
  ids["delivered"] = tenant.subscriptionId;
  for (const name of ["filtered", "notInService", "pending"])
    ids[name] = await make(tenant.groupId, [tenant.eventType]);
  const group = String(
    (await api.call("POST", "/v1/groups", { body: { name: "later without", grants: [tenant.apiId] } })).body["id"],
  );
  ids["notGranted"] = await make(group, [tenant.eventType]);
  eventId = newId("evt");
  const acceptedAt = new Date();
  await api.store.events.insertMany([recordedEvent(tenant, eventId, undefined, { acceptedAt })]);
  await api.store.deliveries.insertMany([
    {
      id: `${eventId}.${tenant.subscriptionId}`,
      eventId,
      subscriptionId: tenant.subscriptionId,
      groupId: tenant.groupId,
      eventType: tenant.eventType,
      status: "parked",
      createdAt: acceptedAt,
      updatedAt: acceptedAt,
      attemptCount: 0,
      attempts: [],
    },
  ]);
  await api.store.routings.record({
    id: eventId,
    at: acceptedAt,
    filtered: new Map([
      [eventId, [ids["filtered"] ?? ""]],
      ["evt_other", [ids["pending"] ?? ""]],
    ]),
    leftOut: new Map([
      [tenant.eventType, { notInService: [ids["notInService"] ?? ""], notGranted: [ids["notGranted"] ?? ""] }],
    ]),
  });
  ids["later"] = await make(tenant.groupId, [tenant.eventType]);
  await api.catalogue.refresh();
});
afterAll(() => api?.close());

const read = (key: string, query = "") => api.call<Routing>("GET", `/v1/events/${eventId}/routing${query}`, { key });
const outcomes = ({ data }: Routing) =>
  Object.fromEntries(data.map(({ subscriptionId, outcome, basis }) => [subscriptionId, `${outcome} ${basis}`]));
const expected = () => ({
  [ids["delivered"] ?? ""]: "delivered then",
  [ids["filtered"] ?? ""]: "filtered then",
  [ids["notInService"] ?? ""]: "not_in_service then",
  [ids["pending"] ?? ""]: "pending then",
  [ids["later"] ?? ""]: "not_subscribed then",
});

describe("the routing of an event", () => {
  test("a provider and an operator see every subscription", async () => {
    const { token } = await api.key({ role: "operator" });
    for (const key of [api.adminKey, token]) {
      const { body, status } = await read(key);
      expect(status).toBe(200);
      expect(outcomes(body)).toEqual({
        ...expected(),
        [ids["notGranted"] ?? ""]: "not_granted then",
        [other.subscriptionId]: "not_subscribed then",
      });
      expect(body.data.find(({ outcome }) => outcome === "delivered")).toMatchObject({ status: "parked" });
    }
    const limited = await read(tenant.providerKey);
    expect(Object.keys(outcomes(limited.body))).not.toContain(other.subscriptionId);
    expect(outcomes(limited.body)).toMatchObject(expected());
  });
  test(
    "a consumer sees its own groups' and nothing of others, and events that are none of its " +
      "business are not there",
    async () => {
      const { body } = await read(tenant.consumerKey);
      expect(outcomes(body)).toEqual(expected());
      expect(body.data.every(({ groupId }) => groupId === tenant.groupId)).toBe(true);
      expect((await read(other.consumerKey)).status).toBe(404);
      expect((await read(other.providerKey)).status).toBe(404);
    },
  );
  test("comes in pages", async () => {
    const first = (await read(tenant.consumerKey, "?limit=2")).body;
    const second = (await read(tenant.consumerKey, `?limit=250&cursor=${first.next}`)).body;
    expect([first.data.length, second.next]).toEqual([2, null]);
    expect({ ...outcomes(first), ...outcomes(second) }).toEqual(expected());
  });
  test("an event for other groups is not there for a consumer", async () => {
    const id = newId("evt");
    await api.store.events.insertMany([
      {
        record: {
          id,
          type: tenant.eventType,
          apiId: tenant.apiId,
          contentType: "application/json",
          sha256: "x",
          size: 2,
          acceptedAt: new Date(),
          owner: id,
          groups: [other.groupId],
        },
        payload: Buffer.from("{}"),
      },
    ]);
    expect((await api.call("GET", `/v1/events/${id}/routing`, { key: tenant.consumerKey })).status).toBe(404);
    expect(
      (await api.call<Routing>("GET", `/v1/events/${id}/routing`)).body.data.find(
        ({ subscriptionId }) => subscriptionId === tenant.subscriptionId,
      ),
    ).toMatchObject({ outcome: "not_addressed" });
  });
});
