import { gzipSync } from "node:zlib";
import { Webhook } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { bucketWorkflowId, SIGNAL, WORKFLOW } from "../../../src/workflows/contract.js";
import { type Receiver } from "../../support/receiver.js";
import { collectSignals } from "../running-api.js";
import { api, tenant, receiver, echo, draft, consumer, change, setUpLife } from "./life-setup.js";

setUpLife();

describe("verification by challenge", () => {
  test("is signed like a delivery, and the challenge is another one each time", async () => {
    const { id, secret } = await draft({ auth: { type: "basic", username: "u", password: "p" } });
    for (let i = 0; i < 2; i++) expect((await consumer(id, "verify")).status).toBe(200);
    const [first, second] = receiver.requests;
    const bodies = [first, second].map(
      (request) => JSON.parse(request?.body.toString() ?? "") as { type: string; data: { challenge: string } },
    );
    expect(bodies[0]).toMatchObject({
      type: "sealpost.verification",
      data: { challenge: expect.stringMatching(/^[\w-]{43}$/) as string },
    });
    expect(bodies[0]?.data.challenge).not.toBe(bodies[1]?.data.challenge);
    expect(first?.headers).toMatchObject({
      "webhook-event-type": "sealpost.verification",
      authorization: `Basic ${Buffer.from("u:p").toString("base64")}`,
    });
    expect(new Webhook(secret).verify(first?.body.toString() ?? "", first?.headers as Record<string, string>)).toEqual(
      bodies[0],
    );
  });
  test("takes plain text too", async () => {
    receiver.respond = ({ body }) => ({
      status: 202,
      body: `${(JSON.parse(body.toString()) as { data: { challenge: string } }).data.challenge}\n`,
    });
    expect((await consumer((await draft()).id, "verify")).body.status).toBe("verified");
  });
  test("takes an answer that a proxy has compressed, though none was asked for", async () => {
    receiver.respond = ({ body }) => ({
      status: 200,
      headers: { "content-encoding": "gzip" },
      body: gzipSync(JSON.stringify((JSON.parse(body.toString()) as { data: object }).data)),
    });
    expect((await consumer((await draft()).id, "verify")).body.status).toBe("verified");
  });
  test("says of an answer in a coding that it cannot read that it is compressed", async () => {
    receiver.respond = () => ({
      status: 200,
      headers: { "content-encoding": "zstd" },
      body: Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x00, 0x01, 0x00, 0x00]),
    });
    const { id } = await draft();
    const problem = await api.problem("POST", `/v1/subscriptions/${id}/verify`, { key: tenant.consumerKey });
    expect(problem).toMatchObject({ status: 422, code: "verification_failed" });
    expect(problem.detail).toContain("came compressed");
  });
  test.each<[string, Receiver["respond"], string]>([
    [
      "another challenge",
      () => ({ status: 200, body: JSON.stringify({ challenge: "A".repeat(43) }) }),
      "challenge_not_echoed",
    ],
    ["none", () => ({ status: 204 }), "challenge_not_echoed"],
    ["the body as it came", ({ body }) => ({ status: 200, body }), "challenge_not_echoed"],
    [
      "the challenge among others",
      ({ body }) => ({ status: 200, body: `[${body.toString()}]` }),
      "challenge_not_echoed",
    ],
    [
      "a challenge that is no text",
      () => ({ status: 200, body: '{"challenge":{"length":43}}' }),
      "challenge_not_echoed",
    ],
    ["a huge body", () => ({ status: 200, body: "x".repeat(2_000_000) }), "challenge_not_echoed"],
    ["the challenge with 500", (request) => ({ ...(echo(request) as { body: string }), status: 500 }), "http_5xx"],
    ["a redirect", () => ({ status: 307, headers: { location: "http://169.254.169.254/" } }), "redirect_not_followed"],
    ["410", () => ({ status: 410 }), "http_410"],
    ["too late", () => new Promise(() => undefined), "timeout_headers"],
  ])("refused: %s", async (_name, respond, code) => {
    const { id } = await draft({ retry: { timeoutMs: 1_000 } });
    receiver.respond = respond;
    const problem = await api.problem("POST", `/v1/subscriptions/${id}/verify`, { key: tenant.consumerKey });
    expect(problem).toMatchObject({
      status: 422,
      code: "verification_failed",
      errors: [{ path: "url", message: code }],
    });
    expect(problem.detail).not.toMatch(/127\.0\.0\.1|169\.254/);
    expect((await api.store.subscriptions.get(id))?.status).toBe("draft");
  });
  test("what was changed meanwhile is not verified by it", async () => {
    const { id } = await draft();
    receiver.respond = async (request) => {
      expect((await change(id, { url: `${receiver.url}/other` })).status).toBe(200);
      return echo(request);
    };
    expect(await api.problem("POST", `/v1/subscriptions/${id}/verify`, { key: tenant.consumerKey })).toMatchObject({
      code: "status_conflict",
    });
    expect((await api.store.subscriptions.get(id))?.status).toBe("draft");
  });
});

describe("verification by the CloudEvents handshake", () => {
  const handshake = (id: string) => consumer(id, "verify", { method: "cloudevents" });
  const allow =
    (headers: Record<string, string>): Receiver["respond"] =>
    () => ({ status: 200, headers });
  test("asks with our origin and takes the allowed rate over", async () => {
    const { id } = await draft();
    receiver.respond = allow({ "WebHook-Allowed-Origin": new URL(api.url).host, "WebHook-Allowed-Rate": "120" });
    expect((await handshake(id)).body).toMatchObject({ status: "verified", rateLimit: { perSecond: 2, burst: 2 } });
    expect(receiver.requests[0]).toMatchObject({
      method: "OPTIONS",
      headers: { "webhook-request-origin": new URL(api.url).host, "webhook-request-rate": "6000" },
    });
    expect(receiver.requests[0]?.body).toHaveLength(0);
  });
  test.each<[string, string, object]>([
    ["a lower one stays", "600", { perSecond: 1, burst: 3 }],
    ["a higher one is lowered", "30", { perSecond: 0.5, burst: 1 }],
    ["any rate", "*", { perSecond: 1, burst: 3 }],
  ])("%s", async (_name, rate, rateLimit) => {
    const { id } = await draft({ rateLimit: { perSecond: 1, burst: 3 } });
    const bucket = await collectSignals(api, WORKFLOW.tokenBucket, bucketWorkflowId(id));
    receiver.respond = allow({ "webhook-allowed-origin": "*", "webhook-allowed-rate": rate });
    expect((await handshake(id)).body).toMatchObject({ status: "verified", rateLimit });
    expect(receiver.requests[0]?.headers["webhook-request-rate"]).toBe("60");
    expect(await bucket()).toEqual(rate === "30" ? [SIGNAL.configure] : []);
  });
  test.each<[string, Record<string, string>, string]>([
    ["no origin", {}, "handshake_refused"],
    ["another origin", { "webhook-allowed-origin": "evil.example" }, "handshake_refused"],
    [
      "an origin that only begins like ours",
      { "webhook-allowed-origin": "127.0.0.1.evil.example" },
      "handshake_refused",
    ],
    ["a rate of none", { "webhook-allowed-origin": "*", "webhook-allowed-rate": "0" }, "handshake_rate_invalid"],
    [
      "a rate that is no number",
      { "webhook-allowed-origin": "*", "webhook-allowed-rate": "1e9" },
      "handshake_rate_invalid",
    ],
  ])("refused: %s", async (_name, headers, code) => {
    const { id } = await draft();
    receiver.respond = allow(headers);
    expect(
      await api.problem("POST", `/v1/subscriptions/${id}/verify`, {
        key: tenant.consumerKey,
        body: { method: "cloudevents" },
      }),
    ).toMatchObject({ code: "verification_failed", errors: [{ message: code }] });
    expect((await api.store.subscriptions.get(id))?.rateLimit).toBeUndefined();
  });
});
