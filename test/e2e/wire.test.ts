/**
 * What the world sends and answers, through the built service to real receivers: ids, CloudEvents, Retry-After,
 * informational answers, URLs, circles.
 */
import { CloudEvent, HTTP } from "cloudevents";
import { Webhook } from "standardwebhooks";
import { describe, expect, it } from "vitest";
import { createSubscriptionSet } from "../support/client.js";
import { startHostileReceiver } from "../support/hostile-receiver.js";
import { verifiedLabels } from "../support/message-signature.js";
import { startReceiver } from "../support/receiver.js";
import {
  service,
  client,
  kept,
  newName,
  subscribeTo,
  subscribe,
  publish,
  delivery,
  untilStatus,
  answering,
  setUpWire,
} from "./wire-setup.js";

setUpWire();

describe("an answer", () => {
  it("429 with Retry-After: nextAttemptAt is not before the time it asks for", async () => {
    const { eventType, subscription } = await subscribe(answering({ status: 429, headers: { "retry-after": "60" } }), {
      retry: { scheduleSeconds: [2] },
    });
    const id = await publish(eventType, 1);
    await untilStatus(id, subscription.id, "retrying");
    const { nextAttemptAt = "", attempts } = await delivery(id, subscription.id);
    expect(Date.parse(nextAttemptAt) - Date.parse(attempts[0]?.at ?? "")).toBeGreaterThanOrEqual(60_000);
  });

  it.each<[string, number, Record<string, string>]>([
    ["RateLimit-Reset", 429, { "ratelimit-reset": "60" }],
    ["RateLimit", 503, { ratelimit: '"default";r=0;t=60' }],
    ["X-RateLimit-Reset", 403, { "x-ratelimit-remaining": "0", "x-ratelimit-reset": "60" }],
  ])("without Retry-After %s says when (%i)", async (_name, status, headers) => {
    const { eventType, subscription } = await subscribe(answering({ status, headers }), {
      retry: { scheduleSeconds: [2] },
    });
    const id = await publish(eventType, 1);
    await untilStatus(id, subscription.id, "retrying");
    const { nextAttemptAt = "", attempts } = await delivery(id, subscription.id);
    expect(Date.parse(nextAttemptAt) - Date.parse(attempts[0]?.at ?? "")).toBeGreaterThanOrEqual(60_000);
  });

  it("502 with Retry-After is waited for", async () => {
    const { receiver, eventType } = await subscribe(answering({ status: 502, headers: { "retry-after": "3" } }), {
      retry: { scheduleSeconds: [0.1] },
    });
    await publish(eventType, 1);
    const [first, second] = await receiver.waitFor(2);
    expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThanOrEqual(3_000);
  });

  it("425 and 421 are tried again", async () => {
    const { receiver, eventType, subscription } = await subscribe(answering({ status: 425 }, { status: 421 }), {
      retry: { scheduleSeconds: [0.1, 0.1] },
    });
    const id = await publish(eventType, 1);
    await receiver.waitFor(3);
    await untilStatus(id, subscription.id, "delivered");
    expect((await delivery(id, subscription.id)).attempts.map(({ status }) => status)).toEqual([425, 421, 200]);
  });

  it("100 Continue that nobody asked for is skipped", async () => {
    const target = kept(
      await startHostileReceiver({
        onRequest: (socket) =>
          void socket.write("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n"),
      }),
    );
    const { eventType, subscription } = await subscribeTo(target.url);
    const id = await publish(eventType, 1);
    await untilStatus(id, subscription.id, "delivered");
    expect((await delivery(id, subscription.id)).attempts).toHaveLength(1);
  });
});

describe("an id and a name of a producer's", () => {
  it.each([
    "6ba7b810-9dad-11d1-80b4-00c04fd430c8",
    "01K7C2EBX3M5Q8R0S2T4V6W8Y0",
    "order:4711",
    "a/b",
    "evt.1",
    "x".repeat(250),
  ])("%s: signed under its escape, sent as ce-id, resent and erased", async (id) => {
    const { receiver, eventType, subscription } = await subscribe();
    expect(await publish(eventType, { n: 1 }, { id })).toBe(id);
    const [request] = await receiver.waitFor(1);
    const webhookId = String(request?.headers["webhook-id"]);
    expect(webhookId).toMatch(/^[A-Za-z0-9_~-]+$/);
    expect(request?.headers["ce-id"]).toBe(id);
    expect(
      new Webhook(subscription.secret).verify(request?.body ?? "", request?.headers as Record<string, string>),
    ).toEqual({ n: 1 });
    await untilStatus(id, subscription.id, "delivered");
    const read = await delivery(id, subscription.id);
    expect(read).toMatchObject({ id: `${webhookId}.${subscription.id}`, eventId: id });
    expect((await client.post(`/v1/deliveries/${encodeURIComponent(read.id)}/resend`)).status).toBe(202);
    await receiver.waitFor(2);
    expect(receiver.requests[1]?.headers["webhook-id"]).toBe(webhookId);
    expect((await client.delete(`/v1/events/${webhookId}`)).status).toBe(204);
    expect(
      (await client.get<{ expungedAt?: string }>(`/v1/events/${encodeURIComponent(id)}`)).body.expungedAt,
    ).toBeDefined();
  });

  it("names an event type with / and : in the path, in the body and on the wire", async () => {
    const { receiver, apiId, subscription } = await subscribe();
    const name = "orders/create:v1";
    expect((await client.post("/v1/event-types", { name, apiId })).status).toBe(201);
    expect((await client.patch(`/v1/subscriptions/${subscription.id}`, { eventTypes: [name] })).status).toBe(200);
    await publish(name, 1);
    expect(
      (
        await client.raw(`/v1/events/${encodeURIComponent(name)}`, Buffer.from("2"), {
          "content-type": "application/json",
        })
      ).status,
    ).toBe(202);
    expect((await receiver.waitFor(2)).map(({ headers }) => headers["webhook-event-type"])).toEqual([name, name]);
  });
});

describe("a URL", () => {
  it("is shown as it is called and signed, however it was spelt", async () => {
    const receiver = kept(await startReceiver());
    const { eventType, subscription } = await subscribeTo(`http://LOCALHOST:${receiver.port}/a/./b/../c?x='&y=%7e`, {
      signing: { schemes: ["v1", "rfc9421"] },
    });
    const url = `http://localhost:${receiver.port}/a/c?x=%27&y=%7e`;
    const shown = (await client.get<{ url: string; keys: { kid: string }[] }>(`/v1/subscriptions/${subscription.id}`))
      .body;
    expect(shown.url).toBe(url);
    const id = await publish(eventType, 1, { id: "url:1" });
    const [request] = await receiver.waitFor(1);
    expect(`http://${request?.headers.host}${request?.path}`).toBe(url);
    const jwks = (await client.get<{ keys: { kid: string; x: string }[] }>(`/jwks/${subscription.id}`)).body.keys;
    const signed = {
      method: "POST",
      url: shown.url,
      headers: request?.headers ?? {},
      body: request?.body ?? Buffer.alloc(0),
    };
    expect(verifiedLabels(signed, (kid) => jwks.find((key) => key.kid === kid), Date.now() / 1_000)).toEqual([
      "sealpost",
    ]);
    expect(
      verifiedLabels(
        { ...signed, headers: { ...signed.headers, "ce-id": "other" } },
        (kid) => jwks.find((key) => key.kid === kid),
        Date.now() / 1_000,
      ),
    ).toEqual([]);
    await untilStatus(id, subscription.id, "delivered");
    expect((await delivery(id, subscription.id)).attempts[0]?.detail?.url).toBe(url);
    expect(
      (
        await client.patch<{ url: string }>(`/v1/subscriptions/${subscription.id}`, {
          url: `http://localhost.:${receiver.port}/%61/?`,
        })
      ).body.url,
    ).toBe(`http://localhost:${receiver.port}/%61/`);
  });
});

describe("a CloudEvent", () => {
  const event = (type: string, id: string) =>
    new CloudEvent({
      type,
      source: "/shop/1",
      id,
      time: "2026-11-26T01:02:03.000Z",
      subject: "4711",
      dataschema: "https://example.com/s",
      datacontenttype: "application/json",
      data: { n: 1, text: "größe" },
      partitionkey: "k1",
    });

  it.each(["binary", "structured"] as const)(
    "of the SDK in %s mode comes back out of the SDK at the consumer",
    async (mode) => {
      const { receiver, eventType } = await subscribe(
        { respond: () => ({ status: receiver500.shift() ?? 200 }) },
        { retry: { scheduleSeconds: [0.1] } },
      );
      const sent = event(eventType, `sdk-${mode}`);
      const message = HTTP[mode](sent);
      const answer = await client.raw(
        `/v1/events/${eventType}`,
        Buffer.from(String(message.body)),
        message.headers as Record<string, string>,
      );
      expect(answer.status).toBe(202);
      // A first try and a second one, which has read the event from the store.
      for (const request of await receiver.waitFor(2)) {
        const got = HTTP.toEvent({
          headers: request.headers,
          body: request.body.toString("utf8"),
        }) as CloudEvent<unknown>;
        expect(got.toJSON()).toEqual(sent.toJSON());
        expect(request.headers["ce-id"]).toBe(`sdk-${mode}`);
      }
    },
  );
  const receiver500 = [500, 200, 500, 200];
});

describe("a circle", () => {
  it("by our own address is refused, in every spelling", async () => {
    const { port } = new URL(service.url);
    const set = await createSubscriptionSet(client, { name: newName(), urls: [] });
    for (const url of [
      `${service.url}/v1/events`,
      `http://LOCALHOST:${port}/v1/events/${set.eventType}`,
      `http://2130706433:${port}/`,
      `http://[::1]:${port}/`,
      "https://EVENTS.example.com./v1/events",
      "https://events.example.com:443/",
    ]) {
      const answer = await client.post<{ code: string; errors: { message: string }[] }>("/v1/subscriptions", {
        groupId: set.groupId,
        eventTypes: [set.eventType],
        url,
      });
      expect(answer, url).toMatchObject({
        status: 422,
        body: {
          code: "target_refused",
          errors: [{ message: "The URL is this service's own: each event would come back as a new one." }],
        },
      });
    }
  });

  it("by another name ends after a few hops, and what ends it is on record", async () => {
    const key = (await client.post<{ key: string }>("/v1/api-keys", { name: "loop", role: "provider" })).body;
    const token =
      Object.values(key).find((value): value is string => typeof value === "string" && value.startsWith("sp_")) ?? "";
    const ends: { status: number; body: string }[] = [];
    // A relay that passes on what it gets, as a reverse proxy under another name would.
    const relay = kept(
      await startReceiver({
        respond: async (request) => {
          const { host: _host, "content-length": _length, connection: _connection, ...headers } = request.headers;
          const answer = await fetch(`${service.url}${request.path}`, {
            method: "POST",
            headers: { ...(headers as Record<string, string>), authorization: `Bearer ${token}` },
            body: new Uint8Array(request.body),
          });
          const body = await answer.text();
          if (answer.status >= 400) ends.push({ status: answer.status, body });
          return { status: answer.status, body };
        },
      }),
    );
    const name = newName();
    const set = await createSubscriptionSet(client, {
      name,
      urls: [`http://127.0.0.1:${relay.port}/v1/events/${name}.happened`],
    });
    await publish(set.eventType, 1);
    await expect.poll(() => ends.length, { timeout: 60_000 }).toBe(1);
    expect(ends[0]).toMatchObject({ status: 422 });
    expect(ends[0]?.body).toContain("loop_detected");
    expect(relay.requests.map(({ headers }) => headers["sealpost-hops"])).toEqual(["1", "2", "3", "4", "5", "6"]);
  });
});

describe("a payload that somebody asks to have opened", () => {
  it("and that cannot be is theirs: refused, and no failure or error of this service", async () => {
    const encoded = (text: string): string => Buffer.from(text).toString("base64");
    for (const encoding of ["", "other", "binary/encrypted"]) {
      const payloads = [{ metadata: { encoding: encoded(encoding) }, data: encoded("nothing that we sealed") }];
      const answer = await client.post("/codec/decode", { payloads });
      expect(answer, encoding).toMatchObject({ status: 422, body: { code: "payload_undecodable" } });
    }
    expect((await client.get<string>("/metrics")).body).toContain('sealpost_own_failures_total{part="codec"} 0\n');
    expect(service.log()).not.toContain("cannot be opened");
  });
});
