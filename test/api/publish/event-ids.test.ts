/** Ids and type names as producers have them: taken, found again in both forms, refused with what is allowed. */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { deliveryIdOf, escapeEventId } from "../../../src/workflows/event-id.js";
import { newId } from "../../../src/store/ids.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "shop");
});
afterAll(() => api?.close());

const publish = (id: string, data: unknown = { n: 1 }) =>
  api.call<{ id: string }>("POST", "/v1/events", {
    key: tenant.providerKey,
    body: { type: tenant.eventType, id, data },
  });

describe("ids of producers", () => {
  test.each([
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "01K7C2EBX3M5Q8R0S2T4V6W8Y0",
    "order:4711",
    "a/b",
    "evt.1",
    "urn:uuid:6ba7b810-9dad-11d1-80b4-00c04fd430c9",
    "/orders//1/",
    `${"i".repeat(249)}:`,
  ])("%s is taken, is a duplicate the second time, and is read by both forms", async (id) => {
    expect((await publish(id)).body).toEqual({ id, duplicate: false });
    expect((await publish(id)).body).toEqual({ id, duplicate: true });
    expect(
      await api.problem("POST", "/v1/events", {
        key: tenant.providerKey,
        body: { type: tenant.eventType, id, data: { n: 2 } },
      }),
    ).toMatchObject({ code: "event_id_conflict" });
    for (const ref of [encodeURIComponent(id), escapeEventId(id)]) {
      expect(await api.call("GET", `/v1/events/${ref}`, { key: tenant.providerKey })).toMatchObject({
        status: 200,
        body: { id, type: tenant.eventType },
      });
    }
  });

  test.each(["größe", "a b", "a#1", "a~3Ab", "a@b", "..", "a\u0000b"])(
    "%j is refused, and the refusal says what is allowed",
    async (id) => {
      const problem = await api.problem("POST", "/v1/events", {
        key: tenant.providerKey,
        body: { type: tenant.eventType, id, data: 1 },
      });
      expect(problem).toMatchObject({
        status: 400,
        code: "invalid_request",
        errors: [{ path: "id", message: "must be 1 to 256 of A-Z a-z 0-9 _ - : . /" }],
      });
    },
  );

  test("the Idempotency-Key is an id like any other, also in the quotes of its draft", async () => {
    const raw = (key = "invoice/2026:1.0") =>
      api.call("POST", `/v1/events/${tenant.eventType}`, {
        key: tenant.providerKey,
        body: Buffer.from("x"),
        headers: { "content-type": "text/plain", "idempotency-key": key },
      });
    expect((await raw()).body).toEqual({ id: "invoice/2026:1.0", duplicate: false });
    expect((await raw()).body).toEqual({ id: "invoice/2026:1.0", duplicate: true });
    expect((await raw('"invoice/2026:1.0"')).body).toEqual({ id: "invoice/2026:1.0", duplicate: true });
    for (const key of ['"', '""', '"a', 'a"b', '"a\\"b"']) expect((await raw(key)).status, key).toBe(400);
  });

  test("deliveries are found, listed and erased by both forms", async () => {
    for (const [id, form] of [
      ["order:4713", encodeURIComponent],
      ["order/4714", escapeEventId],
    ] as const) {
      await publish(id);
      await publish(`${id}.1`);
      const subscriptionId = newId("sub");
      const own = deliveryIdOf(id, subscriptionId);
      const at = new Date();
      const delivery = {
        subscriptionId,
        groupId: tenant.groupId,
        eventType: tenant.eventType,
        status: "parked" as const,
        createdAt: at,
        updatedAt: at,
        attemptCount: 1,
        attempts: [
          {
            number: 1,
            at,
            outcome: "http_4xx",
            status: 400,
            durationMs: 1,
            detail: { url: "https://consumer.example/hook", requestHeaders: {} },
          },
        ],
      };
      await api.store.deliveries.insertMany([
        { ...delivery, id: own, eventId: id },
        { ...delivery, id: deliveryIdOf(`${id}.1`, subscriptionId), eventId: `${id}.1` },
      ]);
      const listed = await api.call<{ data: { id: string; eventId: string }[] }>(
        "GET",
        `/v1/deliveries?eventId=${form(id)}`,
      );
      expect(listed.body.data).toMatchObject([{ id: own, eventId: id }]);
      expect(
        (await api.call<{ deliveries: unknown[] }>("GET", `/v1/events/${form(id)}`)).body.deliveries,
      ).toMatchObject([{ id: own }]);
      for (const ref of [own, encodeURIComponent(`${id}.${subscriptionId}`)])
        expect((await api.call("GET", `/v1/deliveries/${ref}`)).body).toMatchObject({
          id: own,
          eventId: id,
          payload: { body: '{"n":1}' },
        });
      expect((await api.call("DELETE", `/v1/events/${form(id)}`)).status).toBe(204);
      expect((await api.call("GET", `/v1/events/${form(id)}`)).body).toMatchObject({ id, sha256: "" });
      const [read, other] = [
        await api.store.deliveries.get(own),
        await api.store.deliveries.get(deliveryIdOf(`${id}.1`, subscriptionId)),
      ];
      expect(read).toMatchObject({ eventId: id, attempts: [{ number: 1 }] });
      expect(read?.attempts[0]).not.toHaveProperty("detail");
      expect(other?.attempts[0]).toHaveProperty("detail");
      expect(
        (await api.call<{ data: unknown[] }>("GET", `/v1/audit?subject=${encodeURIComponent(id)}&action=event.expunge`))
          .body.data,
      ).toHaveLength(1);
    }
  });
});

describe("names of event types", () => {
  test.each([
    "pull_request",
    "orders/create",
    "meeting.started",
    "PAYMENT.SALE.COMPLETED",
    "com.github.pull_request.opened",
    "user:created",
    "v1/orders:paid.twice",
  ])("%s is taken, read, published and subscribed", async (suffix) => {
    const name = `real.${suffix}`;
    const made = await api.call("POST", "/v1/event-types", { body: { name, apiId: tenant.apiId } });
    expect([made.status, made.headers["location"]]).toEqual([201, `/v1/event-types/${encodeURIComponent(name)}`]);
    expect((await api.call("GET", `/v1/event-types/${encodeURIComponent(name)}`)).body).toMatchObject({ name });
    expect(
      (
        await api.call("PATCH", `/v1/event-types/${encodeURIComponent(name)}`, {
          body: { description: "as others name it" },
        })
      ).status,
    ).toBe(200);
    expect(
      (
        await api.call("POST", `/v1/events/${encodeURIComponent(name)}`, {
          key: tenant.providerKey,
          body: Buffer.from("1"),
          headers: { "content-type": "text/plain" },
        })
      ).status,
    ).toBe(202);
    expect(
      (await api.call("POST", "/v1/events", { key: tenant.providerKey, body: { type: name, data: 1 } })).status,
    ).toBe(202);
    expect((await api.call("DELETE", `/v1/event-types/${encodeURIComponent(name)}`)).status).toBe(204);
  });

  test.each(["user created", "a..b", "a//b", "/a", "a/", "größe", "a/../b", "a*"])(
    "%j is refused, and the refusal says what is allowed",
    async (name) => {
      const problem = await api.problem("POST", "/v1/event-types", { body: { name, apiId: tenant.apiId } });
      expect(problem).toMatchObject({
        status: 400,
        errors: [{ path: "name", message: "must be words of A-Z a-z 0-9 _ - joined by . / or :" }],
      });
    },
  );

  test("an export names every type, under keys that its format allows", async () => {
    const created = await api.call<{ id: string }>("POST", "/v1/apis", { body: { name: "names" } });
    const schema = { type: "object", properties: { a: { $ref: "#/$defs/a" } }, $defs: { a: { type: "string" } } };
    for (const name of ["names.a/b", "names.a:b", "names.a_b"])
      expect(
        (await api.call("POST", "/v1/event-types", { body: { name, apiId: created.body.id, schema } })).status,
      ).toBe(201);
    const { body: openApi } = await api.call<{
      webhooks: Record<string, unknown>;
      components: { schemas: Record<string, unknown> };
    }>("GET", `/v1/apis/${created.body.id}/export?format=openapi`);
    expect(Object.keys(openApi.webhooks).sort()).toEqual(["names.a/b", "names.a:b", "names.a_b"]);
    expect(Object.keys(openApi.components.schemas)).toHaveLength(3);
    for (const key of Object.keys(openApi.components.schemas)) expect(key).toMatch(/^[A-Za-z0-9._-]+$/);
  });
});
