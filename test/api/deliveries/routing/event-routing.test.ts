import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { newId } from "../../../../src/store/ids.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../../running-api.js";
import { recordedEvent } from "../../recorded.js";

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

describe("with today's settings", () => {
  let filteredEvent: string;
  const payload = Buffer.from(JSON.stringify({ amount: 50, note: "canary" }));
  const now = async (key: string, event = filteredEvent) =>
    api.call<{ data: (Routing["data"][number] & { filter?: string; fields?: object[]; deliveryId?: string })[] }>(
      "GET",
      `/v1/events/${event}/routing?now=true`,
      { key },
    );
  const own: Record<string, string> = {};
  let routed: Tenant;
  beforeAll(async () => {
    routed = await makeTenant(api, "today");
    const make = async (name: string, more: Record<string, unknown>) => {
      const body = { groupId: routed.groupId, url: "https://8.8.8.8/hook", eventTypes: [routed.eventType], ...more };
      const answer = await api.call("POST", "/v1/subscriptions", { body });
      expect(answer.status, answer.text).toBe(201);
      own[name] = String(answer.body["id"]);
    };
    filteredEvent = newId("evt");
    await api.store.events.insertMany([recordedEvent(routed, filteredEvent, payload)]);
    // All of these are later than the event, which never went to them.
    await make("large", { filter: "data.amount > 100" });
    await make("small", { filter: "data.amount < 100" });
    await make("failing", { filter: "data.note > 100" });
    await make("draft", { initialStatus: "draft" });
  });

  test("each subscription answers as a dispatch would, with the filter and what it looked at", async () => {
    const { body } = await now(routed.consumerKey);
    expect(body.data.map(({ subscriptionId, outcome, basis }) => [subscriptionId, outcome, basis])).toEqual([
      [routed.subscriptionId, "would_deliver", "now"],
      [own["large"], "filtered", "now"],
      [own["small"], "would_deliver", "now"],
      [own["failing"], "filter_failed", "now"],
      [own["draft"], "not_in_service", "now"],
    ]);
    expect(body.data[1]).toMatchObject({
      filter: "data.amount > 100",
      fields: [{ field: "data.amount", values: ["50"] }],
    });
    expect(body.data[2]).not.toHaveProperty("filter");
    // Without it the same ones were made too late.
    const then = await api.call<Routing>("GET", `/v1/events/${filteredEvent}/routing`, { key: routed.consumerKey });
    expect(then.body.data.slice(1).map(({ outcome }) => outcome)).toEqual(Array(4).fill("not_subscribed"));
  });

  test("an auditor sees the outcome and the filter, and nothing of the payload", async () => {
    const { text, body } = await now((await api.key({ role: "auditor" })).token);
    const row = body.data.find(({ subscriptionId }) => subscriptionId === own["large"]);
    expect(row).toMatchObject({ outcome: "filtered", filter: "data.amount > 100" });
    expect(text).not.toContain("fields");
  });

  test("another group does not learn of the event, and who read the payload is on record", async () => {
    expect((await now(other.consumerKey)).status).toBe(404);
    const { id, token } = await api.key({ role: "consumer", groupId: routed.groupId });
    expect((await now(token)).text).not.toContain('canary",');
    const audit = await api.call<{ data: object[] }>("GET", `/v1/audit?actor=key:${id}&action=content.read`);
    expect(audit.body.data).toMatchObject([{ subject: routed.eventType }]);
  });

  test("a delivery that was made is named, and a filter over erased content is not guessed", async () => {
    const { body } = await now(tenant.consumerKey, eventId);
    expect(body.data.find(({ subscriptionId }) => subscriptionId === ids["delivered"])).toMatchObject({
      outcome: "would_deliver",
      status: "parked",
    });
    await api.store.events.expunge(filteredEvent, new Date());
    const erased = await now(routed.consumerKey);
    expect(erased.body.data.map(({ outcome }) => outcome)).toEqual([
      "would_deliver",
      "unknown",
      "unknown",
      "unknown",
      "not_in_service",
    ]);
  });
});
