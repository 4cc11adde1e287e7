/** An endpoint that gives back everything it was sent: nothing secret of it comes into the record. */
import { gzipSync } from "node:zlib";
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createDeliver } from "../../../src/activities/attempt.js";
import { createEndpointHealth } from "../../../src/endpoint/health.js";
import { createEndpointRequest } from "../../../src/endpoint/request.js";
import { createGuard } from "../../../src/endpoint/target/guard.js";
import { createMetrics } from "../../../src/metrics.js";
import { createSender, type Sender } from "../../../src/endpoint/send.js";
import { newSigningSecret } from "../../../src/endpoint/signing/sign.js";
import { verifyByChallenge } from "../../../src/endpoint/verify.js";
import type { AttemptDetail, Subscription } from "../../../src/store/model.js";
import { type ReceivedRequest, type Receiver, type ReceiverResponse, startReceiver } from "../../support/receiver.js";

let sender: Sender;
let endpoint: Receiver;
let server: Receiver;
const lines: string[] = [];
const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });

beforeAll(async () => {
  sender = createSender({ guard: createGuard({ allowLocal: true, ports: [443] }) });
  [endpoint, server] = [await startReceiver(), await startReceiver()];
});
afterAll(async () => {
  await sender?.close();
  await endpoint?.close();
  await server?.close();
});
beforeEach(() => {
  lines.length = 0;
});

const request = () => createEndpointRequest({ sender, version: "1" });
const subscriptionFor = (fields: Partial<Subscription>): Subscription => ({
  id: "sub_1",
  groupId: "grp_1",
  url: endpoint.url,
  eventTypes: ["a.b"],
  secrets: [{ secret: newSigningSecret(), createdAt: new Date() }],
  status: "active",
  createdAt: new Date(),
  updatedAt: new Date(),
  ...fields,
});

/** What is recorded of one attempt, and what was logged of it. */
async function attempted(subscription: Subscription): Promise<{ detail: AttemptDetail; all: string }> {
  const deliver = createDeliver({ request: request(), health: createEndpointHealth(), metrics: createMetrics(), log });
  const event = { id: "evt_1", type: "a.b", contentType: "application/json", bytes: Buffer.from("{}"), acceptedAt: 0 };
  const { attempt, reason } = await deliver({ event, subscription, number: 1, inSchedule: 0 });
  const { url: _sealed, ...detail } = attempt?.detail as AttemptDetail;
  return { detail: attempt?.detail as AttemptDetail, all: JSON.stringify(detail) + String(reason) + lines.join("\n") };
}

const echo = (received: ReceivedRequest): ReceiverResponse => ({
  status: 422,
  headers: {
    "x-echo": Object.entries(received.headers)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join("; ")
      .slice(0, 6_000),
    location: received.path,
  },
  body: JSON.stringify({
    headers: received.headers,
    path: received.path,
    dump: Buffer.from(JSON.stringify(received.headers)).toString("base64"),
  }),
});

describe("an endpoint that echoes its request", () => {
  const CANARY = "canary-1c9e/5f+2=ab";
  test.each<[string, Partial<Subscription>, string[]]>([
    [
      "basic",
      { auth: { type: "basic", username: "sealpost", password: CANARY } },
      [CANARY, Buffer.from(`sealpost:${CANARY}`).toString("base64")],
    ],
    ["api key", { auth: { type: "api_key", header: "x-api-key", value: CANARY } }, [CANARY]],
    ["api key behind a scheme", { auth: { type: "api_key", header: "x-token", value: `Token ${CANARY}` } }, [CANARY]],
    ["own headers", { headers: { "x-tenant": CANARY } }, [CANARY]],
    ["a query", { url: "?token=canary-1c9e%2F5f%2B2%3Dab&b" }, [CANARY, encodeURIComponent(CANARY)]],
  ])("%s", async (_name, fields, secrets) => {
    endpoint.respond = echo;
    const subscription = subscriptionFor({
      ...fields,
      ...(fields.url !== undefined && { url: endpoint.url + fields.url }),
    });
    const { detail, all } = await attempted(subscription);
    expect(detail.responseBody).toContain("(secret)");
    for (const secret of secrets) {
      for (const written of [
        secret,
        JSON.stringify(secret).slice(1, -1),
        encodeURIComponent(secret),
        Buffer.from(secret).toString("base64").slice(0, 20),
      ])
        expect(all).not.toContain(written);
    }
    const dump = Buffer.from(/"dump":"([^"]*)"/.exec(detail.responseBody ?? "")?.[1] ?? "", "base64").toString(
      "latin1",
    );
    for (const secret of secrets) expect(dump).not.toContain(secret);
    // Signatures are no secrets: they stand in the record as they were sent.
    expect(detail.responseBody).toContain(detail.requestHeaders["webhook-signature"]);
  });

  test("an access token, also the one that was refused", async () => {
    let issued = 0;
    server.respond = () => ({
      status: 200,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        access_token: `canary-token-${++issued}-0123456789`,
        token_type: "Bearer",
        expires_in: 600,
      }),
    });
    const seen: unknown[] = [];
    endpoint.respond = (received) => {
      seen.push(received.headers.authorization);
      return {
        status: received.headers.authorization === "Bearer canary-token-1-0123456789" ? 401 : 422,
        body: JSON.stringify({ seen, client: "canary-client-secret" }),
      };
    };
    const { detail, all } = await attempted(
      subscriptionFor({
        auth: { type: "oauth2", tokenUrl: server.url, clientId: "us", clientSecret: "canary-client-secret" },
      }),
    );
    expect(seen).toEqual(["Bearer canary-token-1-0123456789", "Bearer canary-token-2-0123456789"]);
    expect(detail.responseBody).toBe('{"seen":["Bearer (secret)","Bearer (secret)"],"client":"(secret)"}');
    expect(all).not.toContain("canary");
  });

  test("what its token endpoint says about the client stays there", async () => {
    server.respond = (received) => ({
      status: 400,
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        error: "invalid_client",
        error_description: `${String(received.headers.authorization)} ${received.body.toString()}`,
      }),
    });
    const { all } = await attempted(
      subscriptionFor({
        auth: { type: "oauth2", tokenUrl: server.url, clientId: "us", clientSecret: "canary-client-secret" },
      }),
    );
    expect(all).not.toContain("canary");
    expect(all).not.toContain(Buffer.from("us:canary-client-secret").toString("base64"));
  });

  test("a value that the cut at 16 KiB, or that of a header at 512 characters, would split", async () => {
    for (const before of [16_384 - 20, 16_384 - 8, 16_384 - 1]) {
      endpoint.respond = (received) => ({
        status: 422,
        headers: { "x-echo": `${"x".repeat(500)}${String(received.headers["x-key"])}` },
        body: `${"x".repeat(before)}${String(received.headers["x-key"])}${"y".repeat(9_000)}`,
      });
      const { detail, all } = await attempted(
        subscriptionFor({ headers: { "x-key": "canary-0123456789-0123456789" } }),
      );
      expect(detail).toMatchObject({ truncated: true });
      expect(detail.responseBody).toHaveLength(16_384);
      expect(all).not.toContain("canary");
    }
  });

  test("a value that the connection's end split", async () => {
    endpoint.respond = () => ({ status: 422, headers: { "content-length": "5000" }, body: `it was canary-012345` });
    const { detail } = await attempted(
      subscriptionFor({ headers: { "x-key": "canary-0123456789" }, retry: { timeoutMs: 1_000 } }),
    );
    expect(detail.responseBody).toBe("it was (secret)");
  });

  test("a short password only where it is a whole field", async () => {
    endpoint.respond = () => ({
      status: 422,
      headers: { "x-one": "on", "x-two": "online" },
      body: '{"state":"on","note":"going on"}',
    });
    const { detail } = await attempted(subscriptionFor({ headers: { "x-debug": "on" } }));
    expect(detail.responseBody).toBe('{"state":"(secret)","note":"going on"}');
    expect(detail.responseHeaders).toMatchObject({ "x-one": "(secret)", "x-two": "online" });
  });

  test("a body that comes compressed though that was not asked for is not kept", async () => {
    endpoint.respond = (received) => ({
      status: 422,
      headers: { "content-encoding": "gzip" },
      body: gzipSync(String(received.headers["x-key"])),
    });
    const { detail } = await attempted(subscriptionFor({ headers: { "x-key": "canary-0123456789" } }));
    expect(detail.responseBody).toMatch(/^\(not kept: /);
  });

  test("without anything secret the answer is kept as it is", async () => {
    endpoint.respond = () => ({ status: 422, body: "because" });
    expect((await attempted(subscriptionFor({}))).detail.responseBody).toBe("because");
  });

  test("still passes its verification, whose challenge is no secret", async () => {
    endpoint.respond = (received) => ({
      status: 200,
      body: JSON.stringify({
        challenge: (JSON.parse(received.body.toString()) as { data: { challenge: string } }).data.challenge,
      }),
    });
    expect(await verifyByChallenge(request(), subscriptionFor({ headers: { "x-key": "canary-0123456789" } }))).toEqual({
      ok: true,
    });
  });
});
