/**
 * The proxy before a Temporal UI: who, what, with which headers. The real UI is driven in test/e2e/temporal-ui.test.ts.
 */
import { createHash } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { describe, expect, test } from "vitest";
import { createBrowser } from "../browser.js";
import { api, company, INLINE, NONCE_POLICY, NS, PAGE, people, setUpBehind, ui, usual } from "./behind.js";

setUpBehind();

describe("who may use it", () => {
  test.each(["admin", "operator"] as const)("%s, with a session", async (role) => {
    expect(await people[role].get("/temporal/")).toMatchObject({ status: 200, text: PAGE });
  });

  test.each(["provider", "consumer", "auditor"] as const)(
    "not %s: 403, nothing is asked of the UI's server",
    async (role) => {
      for (const path of ["/temporal/", "/temporal/_app/immutable/x.js", `${NS}/workflows`])
        expect((await people[role].get(path)).status, path).toBe(403);
      expect((await people[role].call("POST", `${NS}/workflows/x/signal/retry`, {})).json).toMatchObject({
        status: 403,
        code: "forbidden",
      });
      expect(ui.seen).toEqual([]);
    },
  );

  test("no key, of whichever role", async () => {
    const { token } = await api.key({ role: "operator" });
    for (const key of [token, api.adminKey])
      expect(await api.problem("GET", `${NS}/workflows`, { key })).toMatchObject({
        status: 403,
        code: "forbidden",
        detail: expect.stringContaining("log in") as string,
      });
    expect(ui.seen).toEqual([]);
  });

  test("whoever is not logged in is led to the log-in and back; a script is told", async () => {
    const stranger = createBrowser(api.url);
    const path = "/temporal/namespaces/default/workflows?query=%60WebhookStatus%60%3D%22parked%22";
    expect(await stranger.get(path)).toMatchObject({
      status: 303,
      location: `/saml/login?returnTo=${encodeURIComponent(path)}`,
    });
    expect(await stranger.get(`/temporal/namespaces/${"x".repeat(600)}`)).toMatchObject({
      status: 303,
      location: "/saml/login",
    });
    expect((await stranger.call("GET", `${NS}/workflows`)).json).toMatchObject({ status: 401 });
    const { relayState, ...request } = await company.begin(stranger, path);
    const back = await company.finish(
      stranger,
      { relayState, ...request },
      { nameId: "late", attributes: [["groups", ["operator"]]] },
    );
    expect(back).toMatchObject({ status: 303, location: path });
    expect(ui.seen).toEqual([]);
  });

  test("no other site's page", async () => {
    // A sibling of ours, whose posts carry the cookie. Those of other sites do not.
    const headers = { origin: "https://evil.test", "sec-fetch-site": "same-site" };
    expect((await people.operator.call("POST", `${NS}/workflows/x/signal/retry`, {}, headers)).json).toMatchObject({
      status: 403,
      code: "cross_site_request",
    });
    expect(
      (await people.operator.call("GET", `${NS}/workflows`, undefined, { "sec-fetch-site": "cross-site" })).json,
    ).toMatchObject({ code: "cross_site_request" });
    expect(ui.seen).toEqual([]);
  });
});

describe("what is refused", () => {
  test.each<[string, string, RegExp]>([
    ["POST", `${NS}/workflows/x/terminate`, /Cancel it instead/],
    ["POST", `${NS}/workflows/x/reset`, /retry/],
    ["POST", `${NS}/workflows/x`, /publishing/],
    ["POST", `${NS}/workflows/x/update/lease`, /Updates/],
    ["DELETE", `${NS}/workflows/x`, /retention/],
    ["POST", `${NS}/batch-operations/j`, /recovery/],
    ["POST", `${NS}/schedules/s`, /schedules/],
    ["PUT", `${NS}/workflows/x/cancel`, /nothing else/],
    ["PATCH", NS, /nothing else/],
    ["GET", "/temporal/api/v1/namespaces/other/workflows", /Only the namespace/],
    ["GET", "/temporal/a%5C..%5Cb", /not one that/],
  ])("%s %s", async (method, path, sentence) => {
    const { status, json, headers } = await people.operator.call(method, path, method === "GET" ? undefined : {});
    expect(status).toBe(403);
    expect(headers["content-type"]).toBe("application/problem+json");
    expect(json).toMatchObject({ code: "temporal_ui_refused", detail: expect.stringMatching(sentence) as string });
    // What the UI's script shows in its message.
    if (path.startsWith("/temporal/api/")) expect(json["message"]).toBe(json["detail"]);
    expect(ui.seen).toEqual([]);
  });

  test("a form, from which a method could be overridden, and a body that is too large", async () => {
    const path = `${NS}/workflows/x/signal/retry`;
    expect((await people.operator.submit(path, { a: "b" }, { "x-http-method-override": "DELETE" })).status).toBe(415);
    expect((await people.operator.call("POST", path, { input: "x".repeat(1_100_000) })).json).toMatchObject({
      status: 413,
      code: "payload_too_large",
    });
    expect(ui.seen).toEqual([]);
  });
});

describe("headers", () => {
  test("the UI's server gets no cookie or key of ours, and only headers that it needs", async () => {
    const { operator } = people;
    await operator.get("/temporal/");
    const sent = {
      "x-csrf-token": "t0ken",
      "x-http-method-override": "DELETE",
      "grpc-metadata-user": "root",
      "authorization-extras": "x",
      "x-forwarded-for": "1.2.3.4",
      forwarded: "for=1.2.3.4",
      "accept-language": "de",
    };
    await operator.call(
      "POST",
      `${NS}/workflows/x/signal/retry?`,
      { input: { payloads: [] } },
      { ...sent, "content-type": "text/plain;charset=UTF-8" },
    );
    const got = ui.seen.at(-1);
    expect(got).toMatchObject({
      method: "POST",
      url: `${NS}/workflows/x/signal/retry?`.replace(/\?$/, ""),
      body: '{"input":{"payloads":[]}}',
    });
    expect(got?.headers).toMatchObject({
      cookie: "_csrf=t0ken",
      "x-csrf-token": "t0ken",
      "accept-language": "de",
      "content-type": "application/json",
    });
    const names = Object.keys(got?.headers ?? {}).sort();
    expect(names).toEqual([
      "accept-language",
      "connection",
      "content-length",
      "content-type",
      "cookie",
      "host",
      "x-csrf-token",
    ]);
  });

  test("of its cookies only the CSRF token is set here, for its own paths; its CORS headers are dropped", async () => {
    const fresh = createBrowser(api.url);
    await company.logIn(fresh, { nameId: "fresh", groups: ["operator"] });
    const { setCookies, headers } = await fresh.get("/temporal/");
    expect(setCookies).toEqual(["_csrf=t0ken; Path=/temporal; Secure; SameSite=Strict"]);
    for (const name of ["access-control-allow-origin", "server"]) expect(headers[name]).toBeUndefined();
    expect(headers).toMatchObject({
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
    });
  });

  test("files of a version may be kept by the browser, everything else may not", async () => {
    expect((await people.operator.get("/temporal/_app/immutable/chunks/x.js")).headers["cache-control"]).toBe(
      "private, max-age=31536000, immutable",
    );
    expect((await people.operator.get(`${NS}/workflows`)).headers["cache-control"]).toBe("no-store");
  });
});

describe("the policy", () => {
  const directives = (policy: unknown) =>
    new Map(
      String(policy)
        .split(";")
        .map((part) => [part.trim().split(" ")[0] ?? "", part.trim().split(" ").slice(1)]),
    );

  test(
    "of a page: its own files, the one inline script by hash, and connections to /temporal/ and " + "/codec/ alone",
    async () => {
      const { headers } = await people.operator.get("/temporal/namespaces/default/workflows");
      const policy = directives(headers["content-security-policy"]);
      expect(policy.get("default-src")).toEqual(["'none'"]);
      expect(policy.get("connect-src")).toEqual([`${api.url}/temporal/`, `${api.url}/codec/`]);
      expect(policy.get("script-src")).toEqual([
        `${api.url}/temporal/_app/`,
        `'sha256-${createHash("sha256").update(INLINE).digest("base64")}'`,
      ]);
      for (const name of ["worker-src", "object-src", "base-uri", "form-action", "frame-ancestors"])
        expect(policy.get(name), name).toEqual(["'none'"]);
      // A window of another page of ours would lend its policy to the script that opened it.
      expect(headers["cross-origin-opener-policy"]).toBe("same-origin-allow-popups");
      expect((await people.operator.get("/portal")).headers["cross-origin-opener-policy"]).toBe("same-origin");
      expect((await api.call("GET", "/health/live")).headers["cross-origin-opener-policy"]).toBe("same-origin");
    },
  );

  test("of the frame with Markdown: the UI's own, with its nonces, and ours beside it", async () => {
    const { headers, text } = await people.operator.get("/temporal/render?content=x");
    expect(text).toBe("<p>x</p>");
    expect(headers["content-security-policy"]).toBe(
      "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; " +
        `frame-ancestors 'self', ${NONCE_POLICY}`,
    );
    expect(headers["x-frame-options"]).toBe("SAMEORIGIN");
  });

  test("of the frame where a later version answers its plain address", async () => {
    ui.answer = (request, response) => {
      if (request.url?.startsWith("/temporal/temporal/"))
        return usual({ ...request, url: "/temporal/" } as IncomingMessage, response);
      response.writeHead(200, { "content-type": "text/html", "content-security-policy": NONCE_POLICY }).end("<p>y</p>");
    };
    expect((await people.operator.get("/temporal/render?content=y")).text).toBe("<p>y</p>");
  });

  test("what is refused is not offered, and payloads are decoded here", async () => {
    const { json } = await people.operator.call("GET", "/temporal/api/v1/settings");
    expect(json).toMatchObject({
      Version: "2.54.1",
      DefaultNamespace: "default",
      Codec: { Endpoint: `${api.url}/codec`, IncludeCredentials: true },
      DisableNewsFetch: true,
      WorkflowTerminateDisabled: true,
      WorkflowResetDisabled: true,
      WorkflowUpdateDisabled: true,
      WorkflowPauseDisabled: true,
      BatchActionsDisabled: true,
      StartWorkflowDisabled: true,
      WorkflowSignalDisabled: false,
      WorkflowCancelDisabled: false,
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
  ui.answer = (request, response) => {
    if (request.url?.includes("/signal/"))
      void api.store.audit
        .list({ limit: 10 }, { actor })
        .then(({ data }) => response.end(JSON.stringify({ entries: data.length })));
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
