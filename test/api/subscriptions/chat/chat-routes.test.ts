/** The chat channel of a subscription over HTTP, with a real chat service. */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { type ChatService, startChatService } from "../../../support/chat-service.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../../running-api.js";

let service: ChatService;
let api: RunningApi;
let tenant: Tenant;
let other: Tenant;
beforeAll(async () => {
  service = await startChatService();
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    guard: { allowLocal: true },
    chatCa: service.ca,
  });
  [tenant, other] = [await makeTenant(api, "chat"), await makeTenant(api, "others")];
});
afterAll(async () => {
  await api?.close();
  await service?.close();
});

const path = () => `/v1/subscriptions/${tenant.subscriptionId}/chat`;
const put = (name: string, fields: object = {}, key = tenant.consumerKey) =>
  api.call("PUT", path(), { key, body: { format: "slack", url: service.webhook(name), ...fields } });
const read = (key = tenant.consumerKey) => api.call("GET", path(), { key });
const test = (key = tenant.consumerKey) => api.call("POST", `${path()}/test`, { key });
const host = () => new URL(service.webhook("x")).host;

describe("a channel", () => {
  it("is given, shown without its URL, and removed again", async () => {
    expect((await read()).body).toEqual({});
    const given = await put("mine");
    const channel = { format: "slack", host: host(), ending: "mine", sending: true };
    expect(given).toMatchObject({ status: 200, body: { channel } });
    for (const key of [tenant.consumerKey, tenant.providerKey, (await api.key({ role: "auditor" })).token]) {
      const shown = await read(key);
      expect(shown.body).toEqual({ channel });
      expect(shown.text).not.toMatch(/secret-of|services/);
    }
    const whole = await api.call("GET", `/v1/subscriptions/${tenant.subscriptionId}`, { key: tenant.consumerKey });
    expect(whole.text).not.toContain("secret-of");
    expect((await put("team", { format: "teams" })).body).toMatchObject({
      channel: { format: "teams", ending: "team" },
    });
    for (let times = 0; times < 2; times++)
      expect((await api.call("DELETE", path(), { key: tenant.consumerKey })).status).toBe(204);
    expect((await read()).body).toEqual({});
    const acts = await api.call<{ data: { id?: string; act: string; values?: object[] }[] }>(
      "GET",
      `/v1/subscriptions/${tenant.subscriptionId}/acts`,
      { key: tenant.consumerKey },
    );
    expect(acts.body.data.slice(0, 3)).toMatchObject([
      { act: "remove_chat", values: [{ field: "chat", before: `format: teams, host: ${host()}` }] },
      {
        act: "set_chat",
        values: [{ field: "chat", before: `format: slack, host: ${host()}`, after: `format: teams, host: ${host()}` }],
      },
      { act: "set_chat", values: [{ field: "chat", after: `format: slack, host: ${host()}` }] },
    ]);
    expect(acts.text).not.toContain("secret-of");
    // By their ids they are put beside the entries of the audit. A consumer would read from them how much others do.
    expect(acts.body.data.every(({ id }) => id === undefined)).toBe(true);
    const own = await api.call<typeof acts.body>("GET", `/v1/subscriptions/${tenant.subscriptionId}/acts`);
    const audit = await api.call<{ data: { id: string; action: string }[] }>(
      "GET",
      `/v1/audit?subject=${tenant.subscriptionId}&action=subscription.remove_chat`,
    );
    expect(audit.body.data.map(({ id }) => id)).toEqual([own.body.data[0]?.id]);
    expect(audit.text).not.toContain("secret-of");
  });

  it.each([
    ["http", { url: "http://hooks.slack.com/services/T/B/x" }, 400, "url"],
    ["no URL", { url: "hooks.slack.com" }, 400, "url"],
    ["another format", { format: "discord" }, 400, "format"],
    ["a URL with a password", { url: "https://a:b@hooks.slack.com/services/T/B/x" }, 422, "url"],
    ["an address of the cloud's own", { url: "https://169.254.169.254/services/T/B/secret-of-metadata" }, 422, "url"],
  ])("of %s is refused without repeating it", async (_what, fields, status, at) => {
    const problem = await api.problem("PUT", path(), {
      key: tenant.consumerKey,
      body: { format: "slack", url: service.webhook("refused"), ...fields },
    });
    expect(problem).toMatchObject({ status, code: status === 400 ? "invalid_request" : "target_refused" });
    expect(problem.errors?.map((error) => error.path)).toContain(at);
    expect(JSON.stringify(problem)).not.toMatch(/secret-of|T\/B/);
  });

  it("is set and tested by those who may change the subscription, and by nobody else", async () => {
    expect((await put("roles", {}, tenant.providerKey)).status).toBe(200);
    for (const role of ["operator", "auditor"]) {
      const { token } = await api.key({ role });
      expect((await put("roles", {}, token)).status, role).toBe(403);
      expect((await test(token)).status, role).toBe(403);
      expect((await api.call("DELETE", path(), { key: token })).status, role).toBe(403);
    }
    expect((await put("roles", {}, other.consumerKey)).status).toBe(404);
    expect((await read(other.consumerKey)).status).toBe(404);
    expect((await test(other.consumerKey)).status).toBe(404);
  });

  it("changes neither the status nor what is sent to the endpoint", async () => {
    const whole = () => api.call("GET", `/v1/subscriptions/${tenant.subscriptionId}`, { key: tenant.consumerKey });
    const { updatedAt: _before, ...before } = (await whole()).body;
    await put("status");
    const { updatedAt: _after, ...after } = (await whole()).body;
    expect(after).toEqual(before);
  });
});

describe("a test message", () => {
  it("gets there and says what it is about", async () => {
    await put("tested");
    expect((await test()).body).toEqual({ sent: true });
    const [message] = service.messages("tested");
    expect(message?.["text"]).toContain("this is a test");
    expect(message?.["text"]).toContain(`${api.url}/portal/subscriptions/${tenant.subscriptionId}|Open>`);
    expect((await read()).body).toMatchObject({ channel: { sending: true, sentAt: expect.any(String) as string } });
  });

  it("says why it does not get there, and a channel that is gone counts as off until it is given anew", async () => {
    await put("failing");
    service.answer("failing", { status: 403, body: "action_prohibited" });
    const refused = await test();
    expect(refused.body).toMatchObject({ sent: false, fault: { kind: "refused", status: 403 } });
    expect(refused.text).toContain("refused the message (HTTP 403, action_prohibited)");
    expect((await read()).body).not.toHaveProperty("channel.fault");
    service.answer("failing", { status: 404, body: "no_service" });
    expect((await test()).body).toMatchObject({ sent: false, fault: { kind: "gone", code: "no_service" } });
    expect((await read()).body).toMatchObject({ channel: { sending: false, fault: { kind: "gone" } } });
    expect((await put("failing")).body).toMatchObject({ channel: { sending: true } });
    expect((await read()).body).not.toHaveProperty("channel.fault");
  });

  it("needs a channel", async () => {
    await api.call("DELETE", path(), { key: tenant.consumerKey });
    expect(await api.problem("POST", `${path()}/test`, { key: tenant.consumerKey })).toMatchObject({
      status: 409,
      code: "chat_channel_missing",
    });
  });
});

it("what was done is on record, and the URL is neither there nor in a log", async () => {
  await put("audit-canary");
  await test();
  await api.call("DELETE", path(), { key: tenant.consumerKey });
  const audit = await api.call("GET", `/v1/audit?subject=${tenant.subscriptionId}&limit=250`);
  for (const action of ["subscription.set_chat", "subscription.test_chat", "subscription.remove_chat"])
    expect(audit.text).toContain(`"${action}"`);
  expect(audit.text).toContain(host());
  for (const text of [audit.text, JSON.stringify(api.log)]) expect(text).not.toMatch(/secret-of|T000/);
});
