import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { api, mine, theirs, setUpAccess } from "./access-setup.js";

setUpAccess();

test("lists show a consumer and a limited provider only what is theirs", async () => {
  for (const key of [mine.consumerKey, mine.providerKey]) {
    for (const path of ["/v1/apis", "/v1/event-types", "/v1/subscriptions", "/v1/deliveries"]) {
      const { text, status } = await api.call("GET", path, { key });
      expect(status, text).toBe(200);
      for (const id of [theirs.apiId, theirs.eventType, theirs.subscriptionId, theirs.deliveryId])
        expect(text, path).not.toContain(id);
      expect((JSON.parse(text) as { data: unknown[] }).data, path).toHaveLength(1);
    }
  }
  for (const query of [
    `groupId=${theirs.groupId}`,
    `subscriptionId=${theirs.subscriptionId}`,
    `eventId=${theirs.eventId}`,
    `eventType=${theirs.eventType}`,
  ]) {
    expect((await api.call("GET", `/v1/deliveries?${query}`, { key: mine.consumerKey })).body).toMatchObject({
      data: [],
    });
  }
  expect(
    (await api.call("GET", `/v1/subscriptions?groupId=${theirs.groupId}`, { key: mine.consumerKey })).body,
  ).toMatchObject({ data: [] });
  expect((await api.call("GET", "/v1/groups", { key: mine.consumerKey })).text).not.toContain(theirs.groupId);
  expect((await api.call("GET", "/v1/events", { key: mine.providerKey })).text).not.toContain(theirs.eventId);
});

test("what a request names in its body must be the actor's own too", async () => {
  const subscription = { groupId: theirs.groupId, url: "https://8.8.8.8/hook", eventTypes: [theirs.eventType] };
  expect(await api.problem("POST", "/v1/subscriptions", { key: mine.consumerKey, body: subscription })).toMatchObject({
    status: 422,
    code: "group_unknown",
  });
  expect(
    await api.problem("POST", "/v1/subscriptions", {
      key: mine.consumerKey,
      body: { ...subscription, groupId: mine.groupId },
    }),
  ).toMatchObject({ code: "event_type_not_granted" });
  expect(await api.problem("POST", "/v1/subscriptions", { key: mine.providerKey, body: subscription })).toMatchObject({
    code: "event_type_not_granted",
  });
  expect(
    await api.problem("POST", "/v1/events", { key: mine.providerKey, body: { type: theirs.eventType, data: 1 } }),
  ).toMatchObject({ status: 404, code: "event_type_unknown" });
  expect(
    await api.problem("POST", "/v1/event-types", { key: mine.providerKey, body: { name: "x.y", apiId: theirs.apiId } }),
  ).toMatchObject({ code: "api_unknown" });
  expect(
    await api.problem("POST", "/v1/groups", { key: mine.providerKey, body: { name: "g", grants: [theirs.apiId] } }),
  ).toMatchObject({ status: 403 });
  const since = new Date(Date.now() - 3_600_000).toISOString();
  for (const [path, more] of [
    ["/v1/recoveries/preview", {}],
    ["/v1/recoveries", { token: "x" }],
  ] as const) {
    expect(
      await api.problem("POST", path, {
        key: mine.consumerKey,
        body: { filter: { since, groupId: theirs.groupId }, ...more },
      }),
    ).toMatchObject({ code: "group_unknown" });
    expect(
      await api.problem("POST", path, {
        key: mine.consumerKey,
        body: { filter: { since, subscriptionId: theirs.subscriptionId }, ...more },
      }),
    ).toMatchObject({ status: 404 });
    expect(
      await api.problem("POST", path, {
        key: mine.providerKey,
        body: { filter: { since, groupId: mine.groupId }, ...more },
      }),
    ).toMatchObject({ status: 403 });
  }
});

test(
  "who took the name of an event type sees nothing that was delivered under it before, and does " +
    "not say who is a member",
  async () => {
    const eventType = "handed.over";
    expect((await api.call("POST", "/v1/event-types", { body: { name: eventType, apiId: theirs.apiId } })).status).toBe(
      201,
    );
    const id = `${newId("evt")}.${theirs.subscriptionId}`;
    const now = new Date();
    await api.store.deliveries.insertMany([
      {
        id,
        eventId: id.split(".")[0] ?? "",
        subscriptionId: theirs.subscriptionId,
        groupId: theirs.groupId,
        eventType,
        status: "delivered",
        createdAt: now,
        updatedAt: now,
        attemptCount: 0,
        attempts: [],
      },
    ]);
    expect((await api.call("GET", `/v1/deliveries/${id}`, { key: theirs.providerKey })).status).toBe(200);
    expect((await api.call("DELETE", `/v1/event-types/${eventType}`)).status).toBe(204);
    expect(
      (
        await api.call("POST", "/v1/event-types", {
          key: mine.providerKey,
          body: { name: eventType, apiId: mine.apiId },
        })
      ).status,
    ).toBe(201);
    expect((await api.call("GET", `/v1/deliveries/${id}`, { key: mine.providerKey })).status).toBe(404);
    expect(
      (await api.call("GET", `/v1/deliveries?eventType=${eventType}`, { key: mine.providerKey })).body,
    ).toMatchObject({ data: [] });
    expect((await api.call("GET", `/v1/deliveries?eventType=${eventType}`)).body).toMatchObject({ data: [{ id }] });
    expect(
      await api.problem("PATCH", `/v1/groups/${mine.groupId}`, {
        key: mine.providerKey,
        body: { samlGroups: ["everyone"] },
      }),
    ).toMatchObject({ status: 403 });
    expect((await api.call("GET", `/v1/groups/${theirs.groupId}`, { key: mine.providerKey })).body).toMatchObject({
      grants: [],
    });
  },
);

describe("a subscription that takes event types of two providers", () => {
  let mixed: string;
  beforeAll(async () => {
    const { body } = await api.call("GET", `/v1/groups/${mine.groupId}`);
    expect(
      (
        await api.call("PATCH", `/v1/groups/${mine.groupId}`, {
          body: { grants: [...(body["grants"] as string[]), theirs.apiId] },
        })
      ).status,
    ).toBe(200);
    const created = await api.call("POST", "/v1/subscriptions", {
      body: { groupId: mine.groupId, url: "https://8.8.8.8/mixed", eventTypes: [mine.eventType, theirs.eventType] },
    });
    expect(created.status, created.text).toBe(201);
    mixed = String(created.body["id"]);
    await api.catalogue.refresh();
  });
  afterAll(async () => {
    await api.call("DELETE", `/v1/subscriptions/${mixed}`);
    await api.call("PATCH", `/v1/groups/${mine.groupId}`, { body: { grants: [mine.apiId] } });
  });

  test("is neither's to see: a new URL would lead the other's events elsewhere", async () => {
    for (const { providerKey: key } of [mine, theirs]) {
      expect((await api.call("GET", `/v1/subscriptions/${mixed}`, { key })).status).toBe(404);
      expect(
        (await api.call("PATCH", `/v1/subscriptions/${mixed}`, { key, body: { url: "https://8.8.8.8/elsewhere" } }))
          .status,
      ).toBe(404);
      expect((await api.call("DELETE", `/v1/subscriptions/${mixed}`, { key })).status).toBe(404);
      expect((await api.call("GET", "/v1/subscriptions", { key })).text).not.toContain(mixed);
    }
    expect((await api.call("GET", `/v1/subscriptions/${mixed}`, { key: mine.consumerKey })).body).toMatchObject({
      url: "https://8.8.8.8/mixed",
    });
  });

  test("nor are its test events", async () => {
    const id = `${newId("evt")}.${mixed}`;
    const now = new Date();
    await api.store.deliveries.insertMany([
      {
        id,
        eventId: id.split(".")[0] ?? "",
        subscriptionId: mixed,
        groupId: mine.groupId,
        eventType: "sealpost.test",
        status: "delivered",
        createdAt: now,
        updatedAt: now,
        attemptCount: 0,
        attempts: [],
      },
    ]);
    expect((await api.call("GET", `/v1/deliveries/${id}`, { key: mine.providerKey })).status).toBe(404);
    expect((await api.call("GET", `/v1/deliveries/${id}`, { key: mine.consumerKey })).status).toBe(200);
  });
});
