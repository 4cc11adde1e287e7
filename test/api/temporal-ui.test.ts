/** The proxy before a Temporal UI: who, what, with which headers, for how long. The real UI is driven in test/e2e/temporal-ui.test.ts. */
import { createHash } from "node:crypto";
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import { SESSION_COOKIE } from "../../src/api/cookies.js";
import type { Role } from "../../src/store/model.js";
import { type Browser, type Company, createBrowser, makeCompany } from "./browser.js";
import { type RunningApi, startApi } from "./running-api.js";

const NS = "/temporal/api/v1/namespaces/default";
const INLINE = "\n  start();\n";
const PAGE = `<!doctype html><html><body><script>${INLINE}</script></body></html>`;
const NONCE_POLICY = "base-uri 'self'; default-src 'none'; style-src 'nonce-abc'; script-src 'nonce-abc'; frame-ancestors 'self'";

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}
let upstream: Server;
let seen: Seen[] = [];
/** How the UI's server answers; tests put their own here. */
let answer: (request: IncomingMessage, response: ServerResponse) => void;
let api: RunningApi;
let company: Company;
const people = {} as Record<Role, Browser>;

function usual(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? "";
  response.appendHeader("set-cookie", "_csrf=t0ken; Path=/; SameSite=Strict");
  response.appendHeader("set-cookie", `${SESSION_COOKIE}=forged; Path=/`);
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("server", "echo");
  if (path.startsWith("/temporal/temporal/render")) return void response.writeHead(200, { "content-type": "text/html", "content-security-policy": NONCE_POLICY }).end("<p>x</p>");
  if (path.startsWith("/temporal/api/v1/settings")) return void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify({ Version: "2.54.1", WorkflowTerminateDisabled: false, Codec: { Endpoint: "https://elsewhere.example" } }));
  if (path.startsWith("/temporal/api/")) return void response.writeHead(200, { "content-type": "application/json" }).end("{}");
  if (path.startsWith("/temporal/_app/")) return void response.writeHead(200, { "content-type": "text/javascript" }).end("1");
  response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
}

beforeAll(async () => {
  upstream = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      answer(request, response);
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  api = await startApi({
    temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl"),
    temporalUi: { address: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, answerWithinMs: 15_000 },
  });
  const { body: group } = await api.call("POST", "/v1/groups", { body: { name: "g", samlGroups: ["consumer"] } });
  company = await makeCompany(api, {
    groupIds: [String(group["id"])],
    roles: (["admin", "provider", "operator", "auditor"] as const).map((role) => ({ samlGroup: role, role })),
  });
  for (const role of ["admin", "provider", "operator", "auditor", "consumer"] as const) {
    people[role] = createBrowser(api.url);
    expect((await company.logIn(people[role], { nameId: role, groups: [role] })).status).toBe(303);
  }
});
beforeEach(() => {
  seen = [];
  answer = usual;
});
afterAll(async () => {
  await api?.close();
  upstream?.close();
  upstream?.closeAllConnections();
});

describe("who may use it", () => {
  test.each(["admin", "operator"] as const)("%s, with a session", async (role) => {
    expect(await people[role].get("/temporal/")).toMatchObject({ status: 200, text: PAGE });
  });

  test.each(["provider", "consumer", "auditor"] as const)("not %s: 403, nothing is asked of the UI's server", async (role) => {
    for (const path of ["/temporal/", "/temporal/_app/immutable/x.js", `${NS}/workflows`]) expect((await people[role].get(path)).status, path).toBe(403);
    expect((await people[role].call("POST", `${NS}/workflows/x/signal/retry`, {})).json).toMatchObject({ status: 403, code: "forbidden" });
    expect(seen).toEqual([]);
  });

  test("no key, of whichever role", async () => {
    const { token } = await api.key({ role: "operator" });
    for (const key of [token, api.adminKey]) expect(await api.problem("GET", `${NS}/workflows`, { key })).toMatchObject({ status: 403, code: "forbidden", detail: expect.stringContaining("log in") as string });
    expect(seen).toEqual([]);
  });

  test("whoever is not logged in is led to the log-in and back; a script is told", async () => {
    const stranger = createBrowser(api.url);
    const path = "/temporal/namespaces/default/workflows?query=%60WebhookStatus%60%3D%22parked%22";
    expect(await stranger.get(path)).toMatchObject({ status: 303, location: `/saml/login?returnTo=${encodeURIComponent(path)}` });
    expect(await stranger.get(`/temporal/namespaces/${"x".repeat(600)}`)).toMatchObject({ status: 303, location: "/saml/login" });
    expect((await stranger.call("GET", `${NS}/workflows`)).json).toMatchObject({ status: 401 });
    const { relayState, ...request } = await company.begin(stranger, path);
    const back = await company.finish(stranger, { relayState, ...request }, { nameId: "late", attributes: [["groups", ["operator"]]] });
    expect(back).toMatchObject({ status: 303, location: path });
    expect(seen).toEqual([]);
  });

  test("no other site's page", async () => {
    // A sibling of ours, whose posts carry the cookie; those of other sites do not.
    const headers = { origin: "https://evil.test", "sec-fetch-site": "same-site" };
    expect((await people.operator.call("POST", `${NS}/workflows/x/signal/retry`, {}, headers)).json).toMatchObject({ status: 403, code: "cross_site_request" });
    expect((await people.operator.call("GET", `${NS}/workflows`, undefined, { "sec-fetch-site": "cross-site" })).json).toMatchObject({ code: "cross_site_request" });
    expect(seen).toEqual([]);
  });
});

describe("what is refused", () => {
  test.each<[string, string, RegExp]>([
    ["POST", `${NS}/workflows/x/terminate`, /Cancel it instead/], ["POST", `${NS}/workflows/x/reset`, /retry/], ["POST", `${NS}/workflows/x`, /publishing/],
    ["POST", `${NS}/workflows/x/update/lease`, /Updates/], ["DELETE", `${NS}/workflows/x`, /retention/], ["POST", `${NS}/batch-operations/j`, /recovery/],
    ["POST", `${NS}/schedules/s`, /schedules/], ["PUT", `${NS}/workflows/x/cancel`, /nothing else/], ["PATCH", NS, /nothing else/],
    ["GET", "/temporal/api/v1/namespaces/other/workflows", /Only the namespace/], ["GET", "/temporal/a%5C..%5Cb", /not one that/],
  ])("%s %s", async (method, path, sentence) => {
    const { status, json, headers } = await people.operator.call(method, path, method === "GET" ? undefined : {});
    expect(status).toBe(403);
    expect(headers["content-type"]).toBe("application/problem+json");
    expect(json).toMatchObject({ code: "temporal_ui_refused", detail: expect.stringMatching(sentence) as string });
    // What the UI's script shows in its message.
    if (path.startsWith("/temporal/api/")) expect(json["message"]).toBe(json["detail"]);
    expect(seen).toEqual([]);
  });

  test("a form, from which a method could be overridden, and a body that is too large", async () => {
    const path = `${NS}/workflows/x/signal/retry`;
    expect((await people.operator.submit(path, { a: "b" }, { "x-http-method-override": "DELETE" })).status).toBe(415);
    expect((await people.operator.call("POST", path, { input: "x".repeat(1_100_000) })).json).toMatchObject({ status: 413, code: "payload_too_large" });
    expect(seen).toEqual([]);
  });
});

describe("headers", () => {
  test("the UI's server gets no cookie or key of ours, and only headers that it needs", async () => {
    const { operator } = people;
    await operator.get("/temporal/");
    const sent = { "x-csrf-token": "t0ken", "x-http-method-override": "DELETE", "grpc-metadata-user": "root", "authorization-extras": "x", "x-forwarded-for": "1.2.3.4", forwarded: "for=1.2.3.4", "accept-language": "de" };
    await operator.call("POST", `${NS}/workflows/x/signal/retry?`, { input: { payloads: [] } }, { ...sent, "content-type": "text/plain;charset=UTF-8" });
    const got = seen.at(-1);
    expect(got).toMatchObject({ method: "POST", url: `${NS}/workflows/x/signal/retry?`.replace(/\?$/, ""), body: '{"input":{"payloads":[]}}' });
    expect(got?.headers).toMatchObject({ cookie: "_csrf=t0ken", "x-csrf-token": "t0ken", "accept-language": "de", "content-type": "application/json" });
    const names = Object.keys(got?.headers ?? {}).sort();
    expect(names).toEqual(["accept-language", "connection", "content-length", "content-type", "cookie", "host", "x-csrf-token"]);
  });

  test("of its cookies only the CSRF token is set here, for its own paths; its CORS headers are dropped", async () => {
    const fresh = createBrowser(api.url);
    await company.logIn(fresh, { nameId: "fresh", groups: ["operator"] });
    const { setCookies, headers } = await fresh.get("/temporal/");
    expect(setCookies).toEqual(["_csrf=t0ken; Path=/temporal; Secure; SameSite=Strict"]);
    for (const name of ["access-control-allow-origin", "server"]) expect(headers[name]).toBeUndefined();
    expect(headers).toMatchObject({ "cache-control": "no-store", "x-content-type-options": "nosniff", "x-frame-options": "DENY" });
  });

  test("files of a version may be kept by the browser, everything else may not", async () => {
    expect((await people.operator.get("/temporal/_app/immutable/chunks/x.js")).headers["cache-control"]).toBe("private, max-age=31536000, immutable");
    expect((await people.operator.get(`${NS}/workflows`)).headers["cache-control"]).toBe("no-store");
  });
});

describe("the policy", () => {
  const directives = (policy: unknown) => new Map(String(policy).split(";").map((part) => [part.trim().split(" ")[0] ?? "", part.trim().split(" ").slice(1)]));

  test("of a page: its own files, the one inline script by hash, and connections to /temporal/ and /codec/ alone", async () => {
    const { headers } = await people.operator.get("/temporal/namespaces/default/workflows");
    const policy = directives(headers["content-security-policy"]);
    expect(policy.get("default-src")).toEqual(["'none'"]);
    expect(policy.get("connect-src")).toEqual([`${api.url}/temporal/`, `${api.url}/codec/`]);
    expect(policy.get("script-src")).toEqual([`${api.url}/temporal/_app/`, `'sha256-${createHash("sha256").update(INLINE).digest("base64")}'`]);
    for (const name of ["worker-src", "object-src", "base-uri", "form-action", "frame-ancestors"]) expect(policy.get(name), name).toEqual(["'none'"]);
    // A window of another page of ours would lend its policy to the script that opened it.
    expect(headers["cross-origin-opener-policy"]).toBe("same-origin-allow-popups");
    expect((await people.operator.get("/account")).headers["cross-origin-opener-policy"]).toBe("same-origin");
    expect((await api.call("GET", "/health/live")).headers["cross-origin-opener-policy"]).toBe("same-origin");
  });

  test("of the frame with Markdown: the UI's own, with its nonces, and ours beside it", async () => {
    const { headers, text } = await people.operator.get("/temporal/render?content=x");
    expect(text).toBe("<p>x</p>");
    expect(headers["content-security-policy"]).toBe(`default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'self', ${NONCE_POLICY}`);
    expect(headers["x-frame-options"]).toBe("SAMEORIGIN");
  });

  test("of the frame where a later version answers its plain address", async () => {
    answer = (request, response) => {
      if (request.url?.startsWith("/temporal/temporal/")) return usual({ ...request, url: "/temporal/" } as IncomingMessage, response);
      response.writeHead(200, { "content-type": "text/html", "content-security-policy": NONCE_POLICY }).end("<p>y</p>");
    };
    expect((await people.operator.get("/temporal/render?content=y")).text).toBe("<p>y</p>");
  });

  test("what is refused is not offered, and payloads are decoded here", async () => {
    const { json } = await people.operator.call("GET", "/temporal/api/v1/settings");
    expect(json).toMatchObject({
      Version: "2.54.1", DefaultNamespace: "default", Codec: { Endpoint: `${api.url}/codec`, IncludeCredentials: true }, DisableNewsFetch: true,
      WorkflowTerminateDisabled: true, WorkflowResetDisabled: true, WorkflowUpdateDisabled: true, WorkflowPauseDisabled: true, BatchActionsDisabled: true, StartWorkflowDisabled: true,
      WorkflowSignalDisabled: false, WorkflowCancelDisabled: false,
    });
  });
});

test("who reads, signals and cancels is on record before it is done; files are not", async () => {
  const fresh = createBrowser(api.url);
  await company.logIn(fresh, { nameId: "recorded", groups: ["operator"] });
  const actor = String((await fresh.call("GET", "/v1/me")).json["id"]);
  await fresh.get("/temporal/_app/immutable/x.js");
  await fresh.call("GET", `${NS}/workflows`);
  await fresh.call("GET", `${NS}/workflows/retry%2F1/history`);
  answer = (request, response) => {
    if (request.url?.includes("/signal/")) void api.store.audit.list({ limit: 10 }, { actor }).then(({ data }) => response.end(JSON.stringify({ entries: data.length })));
    else usual(request, response);
  };
  const signalled = await fresh.call("POST", `${NS}/workflows/retry%2F1/signal/retry`, {});
  expect(Number((JSON.parse(signalled.text) as { entries: number }).entries)).toBeGreaterThan(1);
  await fresh.call("POST", `${NS}/workflows/retry%2F1/cancel`, {});
  await api.auditTally.close();
  const { data } = await api.store.audit.list({ limit: 50 }, { actor });
  const entries = data.filter(({ action }) => action.startsWith("temporal."));
  expect(entries.map(({ action, subject, detail }) => ({ action, subject, detail })).reverse()).toMatchObject([
    { action: "temporal.read", subject: "temporal", detail: { acts: 1 } },
    { action: "temporal.signal", subject: "retry/1", detail: { signals: ["retry"] } },
    { action: "temporal.cancel", subject: "retry/1" },
    { action: "temporal.read", subject: "temporal", detail: { acts: 1, workflows: ["retry/1"] } },
  ]);
});

describe("ended", () => {
  async function waiting(nameId: string): Promise<{ browser: Browser; answered: ReturnType<Browser["call"]>; gone: Promise<void> }> {
    const browser = createBrowser(api.url);
    await company.logIn(browser, { nameId, groups: ["operator"] });
    let arrived: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (arrived = resolve));
    let left: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (left = resolve));
    answer = (_request, response) => {
      response.on("close", left);
      arrived();
    };
    const answered = browser.call("GET", `${NS}/workflows/x/history?waitNewEvent=true`);
    await there;
    return { browser, answered, gone };
  }

  test("a call that waits ends when the person logs out, and the UI's server is let go", async () => {
    const { browser, answered, gone } = await waiting("leaves");
    answer = usual;
    expect((await browser.submit("/logout")).status).toBe(303);
    expect((await answered).json).toMatchObject({ status: 401, code: "session_ended" });
    await gone;
  });

  test("a call that waits ends when the person acts in a role that may not use it", async () => {
    const browser = createBrowser(api.url);
    await company.logIn(browser, { nameId: "changes", groups: ["operator", "auditor"] });
    expect((await browser.submit("/account/role", { role: "operator" })).status).toBe(303);
    let arrived: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (arrived = resolve));
    answer = () => arrived();
    const answered = browser.call("GET", `${NS}/workflows/x/history?waitNewEvent=true`);
    await there;
    expect((await browser.submit("/account/role", { role: "auditor" })).status).toBe(303);
    expect((await answered).json).toMatchObject({ status: 401, code: "session_ended" });
  });

  test("when the browser goes, the UI's server is let go", async () => {
    const browser = createBrowser(api.url);
    await company.logIn(browser, { nameId: "closes", groups: ["operator"] });
    const controller = new AbortController();
    let left: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (left = resolve));
    answer = (_request, response) => {
      response.on("close", left);
      controller.abort();
    };
    const cookie = `${SESSION_COOKIE}=${browser.cookies.get(SESSION_COOKIE)}`;
    await expect(fetch(`${api.url}${NS}/workflows/x/history?waitNewEvent=true`, { headers: { cookie }, signal: controller.signal })).rejects.toThrow();
    await gone;
  });

  test("what breaks off, or is above the bound, is not shown as whole", async () => {
    answer = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write("{");
      setImmediate(() => response.destroy());
    };
    await expect(people.operator.call("GET", `${NS}/workflows`)).rejects.toThrow();
    answer = (_request, response) => void response.writeHead(200, { "content-type": "text/html" }).end("x".repeat(1_100_000));
    expect((await people.operator.get("/temporal/")).status).toBe(503);
  });
});

test("what an open tab asks by itself does not keep the session alive; what a person does there does", async () => {
  let now = Date.now();
  const minutes = 60_000;
  const beside = await startApi({
    temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl"), beside: api, clock: () => now,
    temporalUi: { address: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}` }, settings: { publicUrl: api.url, requestsPerSecond: 20 },
  });
  try {
    const endsAfter = async (nameId: string, call: (browser: Browser) => Promise<{ status: number }>): Promise<boolean> => {
      const browser = createBrowser(beside.url);
      const original = createBrowser(api.url);
      await company.logIn(original, { nameId, groups: ["operator"] });
      for (const [name, value] of original.cookies) browser.cookies.set(name, value);
      now = Date.now();
      for (let step = 0; step < 3; step++) {
        now += 14 * minutes;
        const { status } = await call(browser);
        if (status === 401) return true;
        expect(status).toBe(200);
      }
      return false;
    };
    const get = (path: string) => (browser: Browser) => browser.call("GET", path);
    const post = (path: string) => (browser: Browser) => browser.call("POST", path, path.startsWith("/codec") ? { payloads: [] } : {}, { origin: api.url });
    const byItself: [string, (browser: Browser) => Promise<{ status: number }>][] = [
      ["waits", get(`${NS}/workflows/x/history?execution.runId=1&waitNewEvent=true`)], ["describes", get(`${NS}/workflows/x?execution.runId=1`)], ["counts", get(`${NS}/workflow-count?query=x`)],
      ["settings", get("/temporal/api/v1/settings")], ["files", get("/temporal/_app/version.json")], ["details", post(`${NS}/workflows/x/query/__temporal_workflow_metadata`)], ["decodes", post("/codec/decode")],
    ];
    for (const [what, call] of byItself) expect(await endsAfter(what, call), what).toBe(true);
    const byPerson: typeof byItself = [
      ["opens", get("/temporal/namespaces/default/workflows")], ["lists", get(`${NS}/workflows?query=x`)], ["reads", get(`${NS}/workflows/x/history-reverse?execution.runId=1`)],
      ["asks", post(`${NS}/workflows/x/query/state`)], ["signals", post(`${NS}/workflows/x/signal/retry`)],
    ];
    for (const [what, call] of byPerson) expect(await endsAfter(what, call), what).toBe(false);
    // The files of one page are not held against the limit on requests.
    const { operator } = people;
    const many = createBrowser(beside.url);
    for (const [name, value] of operator.cookies) many.cookies.set(name, value);
    now = Date.now();
    const statuses = await Promise.all(Array.from({ length: 40 }, () => many.get("/temporal/_app/immutable/x.js")));
    expect(new Set(statuses.map(({ status }) => status))).toEqual(new Set([200]));
  } finally {
    await beside.close();
  }
});

describe("without an answer", () => {
  test("a server that is down is a problem that says so, and a page for a person", async () => {
    const down = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl"), beside: api, temporalUi: { address: "http://127.0.0.1:1" } });
    const none = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl"), beside: api });
    const slow = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl"), beside: api, temporalUi: { address: `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`, answerWithinMs: 200 } });
    try {
      const visit = async ({ url }: RunningApi) => {
        const browser = createBrowser(url);
        for (const [name, value] of people.operator.cookies) browser.cookies.set(name, value);
        return { page: await browser.get("/temporal/"), call: await browser.call("GET", `${NS}/workflows`) };
      };
      const ofDown = await visit(down);
      expect(ofDown.call.json).toMatchObject({ status: 503, code: "temporal_ui_unavailable" });
      expect(ofDown.call.headers["retry-after"]).toBe("5");
      expect(ofDown.page.text).toContain("The Temporal UI does not answer");
      const ofNone = await visit(none);
      expect(ofNone.call.json).toMatchObject({ status: 503, code: "temporal_ui_not_configured", detail: expect.stringContaining("TEMPORAL_UI_ADDRESS") as string });
      expect(ofNone.page.text).toContain("No Temporal UI is connected");
      answer = () => undefined;
      expect((await visit(slow)).call.json).toMatchObject({ status: 503, code: "temporal_ui_unavailable", detail: expect.stringContaining("too long") as string });
    } finally {
      await Promise.all([down, none, slow].map((each) => each.close()));
    }
  });
});
