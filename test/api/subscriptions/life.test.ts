import { Webhook } from "standardwebhooks";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { bucketWorkflowId, SIGNAL, WORKFLOW } from "../../../src/workflows/contract.js";
import { type Receiver, startReceiver } from "../../support/receiver.js";
import { collectSignals, makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
let receiver: Receiver;
let otherApiKey: string;

beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    guard: { allowLocal: true },
  });
  [tenant, receiver] = await Promise.all([makeTenant(api, "life"), startReceiver()]);
  otherApiKey = (await makeTenant(api, "other")).providerKey;
});
afterAll(async () => {
  await api?.close();
  await receiver?.close();
});
beforeEach(() => {
  receiver.requests.length = 0;
  receiver.respond = echo;
});

interface View {
  id: string;
  status: string;
  secret: string;
  history: { from: string; to: string; by: string; reason?: string }[];
  [field: string]: unknown;
}
const echo: Receiver["respond"] = ({ method, body }) =>
  method === "OPTIONS"
    ? { status: 200, headers: { "webhook-allowed-origin": "*" } }
    : {
        status: 200,
        body: JSON.stringify({
          challenge: (JSON.parse(body.toString()) as { data: { challenge: string } }).data.challenge,
        }),
      };
const draft = async (more: Record<string, unknown> = {}): Promise<View> => {
  const answer = await api.call<View>("POST", "/v1/subscriptions", {
    key: tenant.consumerKey,
    body: { url: receiver.url, eventTypes: [tenant.eventType], ...more },
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
};
const act = (id: string, name: string, key: string, body?: unknown) =>
  api.call<View>("POST", `/v1/subscriptions/${id}/${name}`, { key, ...(body !== undefined && { body }) });
const consumer = (id: string, name: string, body?: unknown) => act(id, name, tenant.consumerKey, body);
const provider = (id: string, name: string, body?: unknown) => act(id, name, tenant.providerKey, body);
const change = (id: string, body: unknown, key = tenant.consumerKey) =>
  api.call<View>("PATCH", `/v1/subscriptions/${id}`, { key, body });
const inService = async (more: Record<string, unknown> = {}): Promise<View> => {
  const { id } = await draft(more);
  for (const step of ["verify", "submit"]) expect((await consumer(id, step)).status).toBe(200);
  expect((await provider(id, "approve", { activate: true })).body.status).toBe("active");
  return (await api.call<View>("GET", `/v1/subscriptions/${id}`)).body;
};

describe("from draft to active", () => {
  test("each step is on record, and none can be left out", async () => {
    const { id, status, history } = await draft();
    expect({ status, history }).toEqual({ status: "draft", history: [] });
    for (const early of ["submit", "resume", "pause", "test"])
      expect(await api.problem("POST", `/v1/subscriptions/${id}/${early}`, { key: tenant.consumerKey })).toMatchObject({
        status: 409,
        code: "status_conflict",
      });
    expect(await consumer(id, "verify")).toMatchObject({
      status: 200,
      body: { status: "verified", verifiedAt: expect.any(String) as string },
    });
    expect((await consumer(id, "test")).status).toBe(202);
    expect((await consumer(id, "submit", { reason: "for our ledger" })).body.status).toBe("submitted");
    expect(await api.problem("POST", `/v1/subscriptions/${id}/approve`, { key: tenant.consumerKey })).toMatchObject({
      status: 403,
    });
    expect(await api.problem("POST", `/v1/subscriptions/${id}/approve`, { key: otherApiKey })).toMatchObject({
      status: 404,
    });
    expect((await provider(id, "approve")).body.status).toBe("approved");
    const { body } = await consumer(id, "resume");
    expect(body.history.map(({ from, to, reason }) => [from, to, reason])).toEqual([
      ["approved", "active", undefined],
      ["submitted", "approved", undefined],
      ["verified", "submitted", "for our ledger"],
      ["draft", "verified", undefined],
    ]);
    expect(body.history.map(({ by }) => /^key:key_/.test(by))).toEqual([true, true, true, true]);
    const audit = (
      await api.call<{ data: { action: string; subject: string }[] }>("GET", "/v1/audit?limit=100")
    ).body.data.filter(({ subject }) => subject === id);
    expect(audit.map(({ action }) => action.replace("subscription.", ""))).toEqual([
      "resume",
      "approve",
      "submit",
      "test",
      "verify",
      "create",
    ]);
  });

  test("a provider's own is active at once, or a draft on request; a consumer cannot ask for more", async () => {
    const body = { groupId: tenant.groupId, url: receiver.url, eventTypes: [tenant.eventType] };
    expect((await api.call("POST", "/v1/subscriptions", { key: tenant.providerKey, body })).body["status"]).toBe(
      "active",
    );
    expect(
      (
        await api.call("POST", "/v1/subscriptions", {
          key: tenant.providerKey,
          body: { ...body, initialStatus: "draft" },
        })
      ).body["status"],
    ).toBe("draft");
    expect(
      await api.problem("POST", "/v1/subscriptions", {
        key: tenant.consumerKey,
        body: { ...body, initialStatus: "active" },
      }),
    ).toMatchObject({ status: 403 });
  });

  test("a refused one says why, and is a draft again after a change", async () => {
    const { id } = await draft();
    for (const step of ["verify", "submit"]) await consumer(id, step);
    expect(
      await api.problem("POST", `/v1/subscriptions/${id}/reject`, { key: tenant.providerKey, body: {} }),
    ).toMatchObject({ status: 400, errors: [{ path: "reason" }] });
    expect((await provider(id, "reject", { reason: "sign the contract first" })).body).toMatchObject({
      status: "rejected",
      statusReason: "sign the contract first",
    });
    for (const step of ["verify", "submit", "resume"])
      expect(await api.problem("POST", `/v1/subscriptions/${id}/${step}`, { key: tenant.consumerKey })).toMatchObject({
        code: "status_conflict",
      });
    expect((await change(id, { name: "signed" })).body.status).toBe("draft");
  });

  test("an automatic api needs nobody", async () => {
    expect(
      (await api.call("PATCH", `/v1/apis/${tenant.apiId}`, { body: { approval: "automatic" } })).body,
    ).toMatchObject({ approval: "automatic" });
    const { id } = await draft();
    await consumer(id, "verify");
    const submitted = await consumer(id, "submit");
    await api.call("PATCH", `/v1/apis/${tenant.apiId}`, { body: { approval: "manual" } });
    expect(submitted.body).toMatchObject({
      status: "approved",
      history: [{ to: "approved", by: "service" }, { to: "submitted" }, { to: "verified" }],
    });
  });
});

describe("what the provider and the service stop", () => {
  test("a consumer cannot undo, and the suspension ends where it began", async () => {
    const { id } = await inService();
    expect((await provider(id, "suspend", { reason: "unpaid" })).body).toMatchObject({
      status: "suspended",
      statusReason: "unpaid",
    });
    const problem = await api.problem("POST", `/v1/subscriptions/${id}/resume`, { key: tenant.consumerKey });
    expect(problem).toMatchObject({
      status: 409,
      code: "status_conflict",
      detail: expect.stringMatching(/is suspended.*Possible now: .*reinstate/) as string,
    });
    expect(await api.problem("POST", `/v1/subscriptions/${id}/reinstate`, { key: tenant.consumerKey })).toMatchObject({
      status: 403,
    });
    expect((await provider(id, "reinstate")).body.status).toBe("active");
  });
});

describe("a consumer's change in service", () => {
  test("a new URL is held until it is verified; a provider answers for its own", async () => {
    const { id } = await inService();
    expect((await change(id, { url: `${receiver.url}/new` })).body).toMatchObject({
      status: "paused",
      needsVerification: true,
    });
    expect(await api.problem("POST", `/v1/subscriptions/${id}/resume`, { key: tenant.consumerKey })).toMatchObject({
      code: "status_conflict",
      detail: expect.stringMatching(/must be verified/) as string,
    });
    receiver.respond = () => ({ status: 200, body: "no" });
    expect(await api.problem("POST", `/v1/subscriptions/${id}/verify`, { key: tenant.consumerKey })).toMatchObject({
      code: "verification_failed",
    });
    expect((await api.store.subscriptions.get(id))?.status).toBe("paused");
    receiver.respond = echo;
    expect((await consumer(id, "verify")).body).toMatchObject({ status: "active" });
    expect((await change(id, { url: `${receiver.url}/theirs` }, tenant.providerKey)).body).toMatchObject({
      status: "active",
    });
    expect((await change(id, { name: "only a name", rateLimit: { perSecond: 5, burst: 1 } })).body).toMatchObject({
      status: "active",
    });
  });

  test("further event types wait for approval, and those before go on", async () => {
    const further = `life.further${Date.now()}.made`;
    expect((await api.call("POST", "/v1/event-types", { body: { name: further, apiId: tenant.apiId } })).status).toBe(
      201,
    );
    const { id } = await inService();
    const asked = await change(id, { eventTypes: [tenant.eventType, further] });
    expect(asked.body).toMatchObject({
      status: "active",
      eventTypes: [tenant.eventType],
      requestedEventTypes: [tenant.eventType, further],
    });
    expect((await provider(id, "reject", { reason: "not yet" })).body).toMatchObject({
      status: "active",
      eventTypes: [tenant.eventType],
    });
    expect((await change(id, { eventTypes: [further] })).body).toMatchObject({
      eventTypes: [tenant.eventType],
      requestedEventTypes: [further],
    });
    const approved = (await provider(id, "approve")).body;
    expect(approved).toMatchObject({ status: "active", eventTypes: [further] });
    expect(approved).not.toHaveProperty("requestedEventTypes");
    expect(await api.problem("POST", `/v1/subscriptions/${id}/approve`, { key: tenant.providerKey })).toMatchObject({
      code: "status_conflict",
    });
  });

  test("an event type of another provider in it is not ours to decide, and nothing is changed", async () => {
    const foreign = await makeTenant(api, "foreign");
    const grants = [tenant.apiId, foreign.apiId];
    expect((await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { grants } })).status).toBe(200);
    const { id } = await inService();
    expect((await change(id, { eventTypes: [tenant.eventType, foreign.eventType] })).body).toMatchObject({
      status: "active",
      requestedEventTypes: [tenant.eventType, foreign.eventType],
    });
    const before = await api.store.subscriptions.get(id);
    for (const [name, body] of [
      ["reject", { reason: "no" }],
      ["approve", {}],
    ] as const) {
      expect(
        await api.problem("POST", `/v1/subscriptions/${id}/${name}`, { key: tenant.providerKey, body }),
      ).toMatchObject({ status: 403, code: "forbidden", detail: expect.stringMatching(/another provider/) as string });
    }
    expect(await api.store.subscriptions.get(id)).toEqual(before);
    expect((await act(id, "reject", api.adminKey, { reason: "not yet" })).body).toMatchObject({
      status: "active",
      eventTypes: [tenant.eventType],
    });
    await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { grants: [tenant.apiId] } });
  });

  test("before service, a change goes back as far as it must", async () => {
    const { id } = await draft();
    for (const step of ["verify", "submit"]) await consumer(id, step);
    expect((await change(id, { filter: "data.amount > 100" })).body.status).toBe("submitted");
    expect((await change(id, { url: `${receiver.url}/elsewhere` })).body.status).toBe("draft");
    expect((await api.store.subscriptions.get(id))?.verifiedAt).toBeUndefined();
  });
});

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

describe("filters", () => {
  test("are compiled when they are saved, and the position is told", async () => {
    const problem = await api.problem("POST", "/v1/subscriptions", {
      key: tenant.consumerKey,
      body: { url: receiver.url, eventTypes: [tenant.eventType], filter: "data.a > 1 &&\n foo" },
    });
    expect(problem).toMatchObject({
      status: 422,
      code: "filter_invalid",
      errors: [{ path: "filter", message: "line 2, column 2: Unknown variable: foo" }],
    });
    const { id, filter } = await draft({ filter: "data.amount > 100" });
    expect(filter).toBe("data.amount > 100");
    expect(
      await api.problem("PATCH", `/v1/subscriptions/${id}`, {
        key: tenant.consumerKey,
        body: { filter: "data.amount >" },
      }),
    ).toMatchObject({ code: "filter_invalid" });
    expect(
      await api.problem("PATCH", `/v1/subscriptions/${id}`, {
        key: tenant.consumerKey,
        body: { filter: `"${"é".repeat(1_100)}" == "a"` },
      }),
    ).toMatchObject({ status: 400 });
    expect((await change(id, { filter: null })).body).not.toHaveProperty("filter");
  });
  test.each<[string, unknown, object]>([
    ["data.amount > 100", { amount: 150 }, { matches: true }],
    ["data.amount > 100", { amount: 50 }, { matches: false }],
    ["data.missing", {}, { matches: false }],
    ["data.n % 2 == 0", { n: 4 }, { matches: true }],
    ["data.qty * 2 > 5", { qty: 3 }, { matches: true }],
    ["data.total / 100 >= 12.5", { total: 1250 }, { matches: true }],
    ["data.amount > 100", { amount: "x" }, { matches: null, failed: "no_such_overload" }],
    ["headers['x-a'] == 'b' && event.type == 'a.b'", null, { matches: true }],
  ])("can be tried: %s of %j", async (filter, data, expected) => {
    const answer = await api.call("POST", "/v1/filters/test", {
      key: tenant.consumerKey,
      body: { filter, data, type: "a.b", headers: { "x-a": "b" } },
    });
    expect(answer).toMatchObject({ status: 200, body: expected });
  });
  test("a name that neither schema nor examples know is told when it is saved and when it is tried", async () => {
    await api.call("PATCH", `/v1/event-types/${tenant.eventType}`, {
      body: { schema: { type: "object", properties: { qty: { type: "number" } } }, examples: [{ qty: 1, note: "x" }] },
    });
    const { id, ...made } = await draft({ filter: "data.qty * 2 > 5 && data.note == 'x' && data.quantity > 1" });
    const warning = expect.stringMatching(
      new RegExp(
        "^filter, line 1, column 41: data\\.quantity is in neither the schema nor the examples of " +
          `${tenant.eventType.replaceAll(".", "\\.")}\\.`,
      ),
    ) as string;
    expect(made).toMatchObject({ warnings: [warning] });
    expect((await api.call("GET", `/v1/subscriptions/${id}`, { key: tenant.consumerKey })).body).not.toHaveProperty(
      "warnings",
    );
    expect((await change(id, { filter: "data.qty > 1" })).body).not.toHaveProperty("warnings");
    expect((await change(id, { filter: "data.qti > 1" })).body).toMatchObject({
      warnings: [expect.stringContaining("data.qti")],
    });
    expect((await change(id, { name: "other" })).body).not.toHaveProperty("warnings");
    const tried = (type: string) =>
      api.call("POST", "/v1/filters/test", {
        key: tenant.consumerKey,
        body: { filter: "data.qti > 1", data: { qty: 1 }, type },
      });
    expect((await tried(tenant.eventType)).body).toMatchObject({
      matches: false,
      warnings: [expect.stringContaining("data.qti")],
    });
    // Nothing is told of a type that is not the caller's to see.
    const { eventType } = await makeTenant(api, "unseen");
    await api.call("PATCH", `/v1/event-types/${eventType}`, {
      body: { schema: { type: "object", properties: { other: true } } },
    });
    expect((await tried(eventType)).body).toEqual({ matches: false });
    await api.call("PATCH", `/v1/event-types/${tenant.eventType}`, { body: { schema: null, examples: null } });
  });
  test("what means something else than it says is refused when it is saved, with the place and the cure", async () => {
    for (const path of ["/v1/subscriptions", "/v1/filters/test"]) {
      const body =
        path === "/v1/filters/test"
          ? { filter: "data.ratio > 1/2", data: {} }
          : { url: receiver.url, eventTypes: [tenant.eventType], filter: "data.ratio > 1/2" };
      expect(await api.problem("POST", path, { key: tenant.consumerKey, body })).toMatchObject({
        code: "filter_invalid",
        errors: [{ path: "filter", message: expect.stringMatching(/^line 1, column 14: .*1\.0 \/ 2\.0/) as string }],
      });
    }
  });
  test("a trial of a bad one says where", async () => {
    expect(
      await api.problem("POST", "/v1/filters/test", { key: tenant.consumerKey, body: { filter: "1 +", data: 1 } }),
    ).toMatchObject({
      code: "filter_invalid",
      errors: [{ message: expect.stringMatching(/^line 1, column 4/) as string }],
    });
  });
});
