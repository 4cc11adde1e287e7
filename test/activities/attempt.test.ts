import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDeliver } from "../../src/activities/attempt.js";
import { createEndpointHealth } from "../../src/endpoint/health.js";
import { createEndpointRequest } from "../../src/endpoint/request.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createMetrics } from "../../src/metrics.js";
import { OUTCOMES } from "../../src/endpoint/outcomes.js";
import { createSender, type Sender } from "../../src/endpoint/send.js";
import { newSigningSecret } from "../../src/endpoint/signing/sign.js";
import type { Subscription } from "../../src/store/model.js";
import { createCertificateAuthority } from "../support/certificates.js";
import { type Receiver, startReceiver } from "../support/receiver.js";

let sender: Sender;
let receiver: Receiver;
const lines: Record<string, unknown>[] = [];
const log = pino(
  { level: "info" },
  { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) },
);
beforeAll(async () => {
  sender = createSender({ guard: createGuard({ allowLocal: true, ports: [443] }) });
  receiver = await startReceiver();
});
afterAll(async () => {
  await sender?.close();
  await receiver?.close();
});
beforeEach(() => {
  lines.length = 0;
  receiver.respond = () => ({ status: 204 });
});

const event = {
  id: "evt_1",
  type: "a.b",
  contentType: "application/json",
  bytes: Buffer.from('{"secret":"kingfisher"}'),
  acceptedAt: Date.now(),
};
const subscriptionFor = (fields: Partial<Subscription> = {}): Subscription => ({
  id: "sub_1",
  groupId: "grp_1",
  url: receiver.url,
  eventTypes: ["a.b"],
  secrets: [{ secret: newSigningSecret(), createdAt: new Date() }],
  status: "active",
  createdAt: new Date(),
  updatedAt: new Date(),
  ...fields,
});
function newDeliver() {
  const [health, metrics] = [createEndpointHealth(), createMetrics()];
  const deliver = createDeliver({ request: createEndpointRequest({ sender, version: "1" }), health, metrics, log });
  const counted = async (name: string) =>
    (await metrics.registry.getSingleMetric(name)?.get())?.values
      .filter(({ value }) => value > 0)
      .map(({ labels, value }) => ({ ...labels, value }));
  return {
    health,
    metrics,
    counted,
    deliver: (fields: Partial<Subscription> = {}, order: Partial<Parameters<typeof deliver>[0]> = {}) =>
      deliver({ event, subscription: subscriptionFor(fields), number: 1, inSchedule: 0, ...order }),
  };
}
const anyNumber = expect.any(Number) as number;
const answering = (status: number, headers: Record<string, string> = {}): void =>
  void (receiver.respond = () => ({ status, headers }));

describe("an attempt", () => {
  it("that is accepted is delivered, with what was sent and answered", async () => {
    receiver.respond = () => ({ status: 201, headers: { "x-request": "7" }, body: "thanks, ü" });
    const { deliver, health } = newDeliver();
    const result = await deliver({}, { number: 3, inSchedule: 2 });
    expect(result).toMatchObject({
      status: "delivered",
      attempt: {
        number: 3,
        outcome: "delivered",
        status: 201,
        detail: {
          url: receiver.url,
          requestHeaders: { "webhook-attempt": "3" },
          responseHeaders: { "x-request": "7" },
          responseBody: "thanks, ü",
          responseBodyEncoding: "utf8",
        },
      },
    });
    expect(result.attempt?.detail).not.toHaveProperty("hint");
    expect(Number.isInteger(result.attempt?.durationMs)).toBe(true);
    expect(result).not.toHaveProperty("reason");
    expect(health.verdict("sub_1")).toBe("prompt");
  });

  it("keeps an answer that is no text as base64, one that is too long cut, and none where there is none", async () => {
    receiver.respond = () => ({ status: 200, body: Buffer.from([0xff, 0xfe]) });
    expect((await newDeliver().deliver()).attempt?.detail).toMatchObject({
      responseBody: "//4=",
      responseBodyEncoding: "base64",
    });
    receiver.respond = () => ({ status: 200, body: "x".repeat(20_000) });
    expect((await newDeliver().deliver()).attempt?.detail).toMatchObject({
      truncated: true,
      responseBody: "x".repeat(16_384),
    });
    answering(204);
    const { detail } = (await newDeliver().deliver()).attempt ?? {};
    expect(detail).not.toHaveProperty("responseBody");
    expect(detail).not.toHaveProperty("truncated");
  });

  it("keeps the certificates that the endpoint showed, and how long each step took, when TLS fails", async () => {
    const authority = await createCertificateAuthority({ commonName: "Ours" });
    const endpoint = await startReceiver({ tls: await authority.issue({ expired: true, commonName: "Old" }) });
    try {
      const result = await newDeliver().deliver({ url: endpoint.url, tls: { ca: authority.ca } });
      expect(result).toMatchObject({
        status: "retrying",
        attempt: {
          outcome: "tls_expired",
          detail: {
            certificates: [{ subject: "CN=Old", issuer: "CN=Ours" }],
            timings: { dns: anyNumber, connect: anyNumber, tls: anyNumber, total: anyNumber },
          },
        },
      });
    } finally {
      await endpoint.close();
    }
    expect((await newDeliver().deliver()).attempt?.detail).not.toHaveProperty("certificates");
  });

  it("that fails is retried by the schedule, and the endpoint counts as failing", async () => {
    answering(503);
    const { deliver, health } = newDeliver();
    const before = Date.now();
    const result = await deliver({ retry: { scheduleSeconds: [100, 1_000] } }, { inSchedule: 1 });
    expect(result).toMatchObject({
      status: "retrying",
      reason: "HTTP 503: The endpoint failed.",
      attempt: { outcome: "http_5xx", detail: { hint: OUTCOMES.http_5xx.hint } },
    });
    // The second delay, spread by a fifth.
    const delay = result.status === "retrying" ? result.dueAt - before : 0;
    expect(delay).toBeGreaterThanOrEqual(800_000);
    expect(result.status === "retrying" && result.dueAt - Date.now()).toBeLessThanOrEqual(1_200_000);
    expect(result).not.toHaveProperty("effect");
    expect(health.verdict("sub_1")).toBe("failing");
  });

  it(
    "that is the last of its schedule is exhausted, and still asks for the pause that the " + "endpoint named",
    async () => {
      answering(503, { "retry-after": "600" });
      const before = Date.now();
      const result = await newDeliver().deliver({ retry: { scheduleSeconds: [1] } }, { number: 2, inSchedule: 1 });
      expect(result).toMatchObject({
        status: "exhausted",
        reason: "Retries ran out. Last: HTTP 503: The endpoint failed.",
        effect: { kind: "pause" },
      });
      const untilMs = result.effect?.kind === "pause" ? result.effect.untilMs : 0;
      expect(untilMs).toBeGreaterThanOrEqual(before + 600_000);
      expect(untilMs).toBeLessThanOrEqual(Date.now() + 600_000);
    },
  );

  it.each([
    [429, "http_429"],
    [503, "http_5xx"],
    [502, "http_5xx"],
    [408, "http_408"],
    [421, "http_421"],
    [425, "http_425"],
    [413, "http_4xx_later"],
    [423, "http_4xx_later"],
  ])("answered %i with Retry-After is due when the pause is over", async (status, outcome) => {
    answering(status, { "retry-after": "60" });
    const before = Date.now();
    const result = await newDeliver().deliver({ retry: { scheduleSeconds: [2, 2] } });
    expect(result).toMatchObject({ status: "retrying", attempt: { outcome }, effect: { kind: "pause" } });
    const dueAt = result.status === "retrying" ? result.dueAt : 0;
    expect(dueAt).toBeGreaterThanOrEqual(before + 60_000);
    expect(dueAt).toBe(result.effect?.kind === "pause" ? result.effect.untilMs : 0);
  });

  it("that is refused is parked, and says nothing against the endpoint's health", async () => {
    answering(422);
    const { deliver, health } = newDeliver();
    const result = await deliver();
    expect(result).toMatchObject({
      status: "parked",
      reason: `HTTP 422: ${OUTCOMES.http_4xx.explanation}`,
      attempt: { outcome: "http_4xx", status: 422 },
    });
    expect(result).not.toHaveProperty("effect");
    expect(health.verdict("sub_1")).toBe("prompt");
  });

  it("answered 410 is parked, and asks for the subscription to be disabled", async () => {
    answering(410);
    const reason = `HTTP 410: ${OUTCOMES.http_410.explanation}`;
    expect(await newDeliver().deliver()).toMatchObject({
      status: "parked",
      reason,
      effect: { kind: "disable", reason },
    });
  });

  it("that we end ourselves is tried again in ten seconds, and spends none of the consumer's", async () => {
    const before = Date.now();
    const { deliver, counted, health } = newDeliver();
    const result = await deliver({}, { signal: AbortSignal.abort() });
    expect(result).toMatchObject({ status: "retrying", reason: OUTCOMES.interrupted.explanation });
    expect(result).not.toHaveProperty("attempt");
    const dueAt = result.status === "retrying" ? result.dueAt : 0;
    expect(dueAt).toBeGreaterThanOrEqual(before + 10_000);
    expect(dueAt).toBeLessThanOrEqual(Date.now() + 10_000);
    expect(health.verdict("sub_1")).toBe("prompt");
    expect(await counted("sealpost_own_failures_total")).toEqual([{ part: "attempt", value: 1 }]);
  });

  it.each<[string, Partial<Subscription>, object]>([
    ["a content type with a line break", {}, { event: { ...event, contentType: "text/plain\r\nx-evil: 1" } }],
    ["a secret that is damaged", { secrets: [{ secret: "whsec_", createdAt: new Date() }] }, {}],
    ["a header with a line break", { headers: { "x-own": "a\nb" } }, {}],
  ])("that cannot be signed or written is parked with the way out: %s", async (_name, fields, order) => {
    receiver.requests.length = 0;
    expect(await newDeliver().deliver(fields, order)).toMatchObject({
      status: "parked",
      reason: OUTCOMES.request_invalid.explanation,
      attempt: { outcome: "request_invalid", detail: { hint: OUTCOMES.request_invalid.hint } },
    });
    expect(receiver.requests).toHaveLength(0);
  });
});

describe("what is told of an attempt", () => {
  it("is one line with ids, times and sizes, without payload or secret", async () => {
    answering(503);
    const secret = newSigningSecret();
    await newDeliver().deliver({ secrets: [{ secret, createdAt: new Date() }] }, { number: 2 });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatchObject({
      msg: "attempt",
      event: "evt_1",
      subscription: "sub_1",
      group: "grp_1",
      type: "a.b",
      attempt: 2,
      outcome: "http_5xx",
      class: "retry",
      delivery: "retrying",
      status: 503,
      bytes: event.bytes.byteLength,
      next: expect.stringMatching(/^\d{4}-.*Z$/) as string,
    });
    // A secret may hold `++`, which is no regular expression.
    for (const text of ["kingfisher", secret]) expect(JSON.stringify(lines)).not.toContain(text);
  });

  it.each([
    [204, [{ outcome_class: "delivered", value: 1 }], [{ status: "delivered", value: 1 }]],
    [404, [{ outcome_class: "park", value: 1 }], [{ status: "parked", value: 1 }]],
    [503, [{ outcome_class: "retry", value: 1 }], []],
  ])("is counted: %i", async (status, attempts, deliveries) => {
    answering(status);
    const { deliver, counted } = newDeliver();
    await deliver();
    expect(await counted("sealpost_attempts_total")).toEqual(attempts);
    expect(await counted("sealpost_deliveries_total")).toEqual(deliveries);
    expect(await counted("sealpost_own_failures_total")).toEqual([]);
  });
});
