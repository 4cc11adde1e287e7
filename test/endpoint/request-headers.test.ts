import { describe, expect, test } from "vitest";
import { createRequestHeaders, type RequestOrder } from "../../src/endpoint/request-headers.js";
import { newSigningSecret, verify } from "../../src/endpoint/signing/sign.js";
import type { Subscription } from "../../src/store/model.js";

const at = new Date("2026-01-02T03:04:05.678Z");
const headersOf = createRequestHeaders({ version: "1.2.3" });
const order = (fields: Partial<Subscription> = {}, more: Partial<RequestOrder> = {}): RequestOrder => ({
  event: { id: "evt_1", type: "a.b", contentType: "application/json", bytes: Buffer.from("{}") },
  number: 2,
  subscription: {
    id: "sub_1",
    groupId: "grp_1",
    url: "https://hooks.example.com/in",
    eventTypes: ["a.b"],
    secrets: [{ secret: newSigningSecret(), createdAt: at }],
    status: "active",
    createdAt: at,
    updatedAt: at,
    ...fields,
  },
  ...more,
});

describe("what a request carries", () => {
  test("without a choice: a v1 signature and what belongs to the delivery", () => {
    const made = order();
    const { sent, recorded } = headersOf(made, at);
    expect(recorded).toBe(sent);
    expect(sent).toEqual({
      "webhook-id": "evt_1",
      "webhook-timestamp": "1767323045",
      "webhook-signature": expect.stringMatching(/^v1,[A-Za-z0-9+/]{43}=$/) as string,
      "content-type": "application/json",
      "webhook-event-type": "a.b",
      "webhook-attempt": "2",
      "user-agent": "Sealpost/1.2.3",
      "sealpost-hops": "1",
      "ce-specversion": "1.0",
      "ce-id": "evt_1",
      "ce-source": "urn:sealpost:event-type:a.b",
      "ce-type": "a.b",
    });
    expect(
      verify({
        headers: sent,
        body: made.event.bytes,
        secrets: [made.subscription.secrets[0]?.secret ?? ""],
        nowSeconds: 1_767_323_045,
      }),
    ).toEqual({ ok: true });
  });

  test("an id of a producer's is signed and sent escaped, and sent as ce-id as it was given", () => {
    const event = { id: "shop/1:a.b", type: "a.b", contentType: "application/json", bytes: Buffer.from("{}") };
    const made = order({}, { event });
    const { sent } = headersOf(made, at);
    expect(sent).toMatchObject({ "webhook-id": "shop~2F1~3Aa~2Eb", "ce-id": "shop/1:a.b" });
    expect(
      verify({
        headers: sent,
        body: event.bytes,
        secrets: [made.subscription.secrets[0]?.secret ?? ""],
        nowSeconds: 1_767_323_045,
      }),
    ).toEqual({ ok: true });
    const own = headersOf(order({}, { event: { ...event, id: "evt_01K3ZJ8Q5T9V7X2M4N6P8R0S1W" } }), at).sent;
    expect(Object.keys(own).filter((name) => name.startsWith("ce-"))).toEqual([]);
  });

  test("a CloudEvent goes out with its own attributes, and every event with one hop more", () => {
    const attributes = { specversion: "1.0", id: "A%20B", source: "/s", type: "com.example.x", subject: "4711" };
    const { sent, recorded } = headersOf(
      order(
        { headers: { "ce-source": "forged" } },
        { event: { id: "ce_x", type: "a.b", contentType: "text/plain", bytes: Buffer.from("x"), attributes, hops: 2 } },
      ),
      at,
    );
    expect(sent).toMatchObject({
      "ce-specversion": "1.0",
      "ce-id": "A%20B",
      "ce-source": "/s",
      "ce-type": "com.example.x",
      "ce-subject": "4711",
      "sealpost-hops": "3",
      "webhook-event-type": "a.b",
    });
    expect(recorded).toMatchObject({ "ce-source": "/s", "ce-subject": "4711" });
  });

  test("authentication and custom headers together, masked in what is recorded", () => {
    const { sent, recorded } = headersOf(
      order({
        auth: [
          { type: "basic", username: "u", password: "canary-1" },
          { type: "api_key", header: "X-Key", value: "canary-2" },
        ],
        headers: { "X-Tenant": "canary-3", "X-Key": "loses" },
      }),
      at,
    );
    expect(sent).toMatchObject({
      authorization: `Basic ${Buffer.from("u:canary-1").toString("base64")}`,
      "x-key": "canary-2",
      "x-tenant": "canary-3",
    });
    expect(recorded).toMatchObject({
      authorization: "(secret)",
      "x-key": "(secret)",
      "x-tenant": "(secret)",
      "webhook-id": "evt_1",
    });
    expect(Object.keys(recorded).sort()).toEqual(Object.keys(sent).sort());
    expect(JSON.stringify(recorded)).not.toContain("canary");
  });

  test("nothing that is saved can take the place of what belongs to the delivery", () => {
    const { sent } = headersOf(
      order({ headers: { "Webhook-Id": "forged", "CONTENT-TYPE": "forged", "User-Agent": "forged" } }),
      at,
    );
    expect(JSON.stringify(sent)).not.toContain("forged");
  });

  test("an access token goes out as a bearer, and without one there is none", () => {
    const fields = {
      auth: { type: "oauth2" as const, tokenUrl: "https://as.example.com/token", clientId: "c", clientSecret: "s" },
    };
    expect(headersOf(order(fields), at, "canary-4").sent["authorization"]).toBe("Bearer canary-4");
    expect(JSON.stringify(headersOf(order(fields), at, "canary-4").recorded)).not.toContain("canary");
    expect(headersOf(order(fields), at).sent).not.toHaveProperty("authorization");
  });

  test("headers of a special kind of request go with it", () => {
    expect(
      headersOf(order({}, { method: "OPTIONS", extra: { "webhook-request-origin": "sealpost.example" } }), at).sent,
    ).toMatchObject({ "webhook-request-origin": "sealpost.example" });
  });
});
