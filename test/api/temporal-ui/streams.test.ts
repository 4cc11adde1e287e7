/** The proxy before a Temporal UI: for how long, how much, and what where it does not answer. */
import { describe, expect, inject, test } from "vitest";
import { SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { type Browser, createBrowser } from "../browser.js";
import { type RunningApi, startApi } from "../running-api.js";
import { api, company, NS, people, setUpBehind, ui, usual } from "./behind.js";

setUpBehind();

describe("ended", () => {
  async function waiting(
    nameId: string,
  ): Promise<{ browser: Browser; answered: ReturnType<Browser["call"]>; gone: Promise<void> }> {
    const browser = createBrowser(api.url);
    await company.logIn(browser, { nameId, groups: ["operator"] });
    let arrived: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (arrived = resolve));
    let left: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (left = resolve));
    ui.answer = (_request, response) => {
      response.on("close", left);
      arrived();
    };
    const answered = browser.call("GET", `${NS}/workflows/x/history?waitNewEvent=true`);
    await there;
    return { browser, answered, gone };
  }

  test("a call that waits ends when the person logs out, and the UI's server is let go", async () => {
    const { browser, answered, gone } = await waiting("leaves");
    ui.answer = usual;
    expect((await browser.submit("/logout")).status).toBe(303);
    expect((await answered).json).toMatchObject({ status: 401, code: "session_ended" });
    await gone;
  });

  test("a call that waits ends when the person acts in a role that may not use it", async () => {
    const browser = createBrowser(api.url);
    await company.logIn(browser, { nameId: "changes", groups: ["operator", "auditor"] });
    expect((await browser.call("POST", "/v1/me/role", { role: "operator" })).status).toBe(200);
    let arrived: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (arrived = resolve));
    ui.answer = () => arrived();
    const answered = browser.call("GET", `${NS}/workflows/x/history?waitNewEvent=true`);
    await there;
    expect((await browser.call("POST", "/v1/me/role", { role: "auditor" })).status).toBe(200);
    expect((await answered).json).toMatchObject({ status: 401, code: "session_ended" });
  });

  test("when the browser goes, the UI's server is let go", async () => {
    const browser = createBrowser(api.url);
    await company.logIn(browser, { nameId: "closes", groups: ["operator"] });
    const controller = new AbortController();
    let left: () => void = () => undefined;
    const gone = new Promise<void>((resolve) => (left = resolve));
    ui.answer = (_request, response) => {
      response.on("close", left);
      controller.abort();
    };
    const cookie = `${SESSION_COOKIE}=${browser.cookies.get(SESSION_COOKIE)}`;
    await expect(
      fetch(`${api.url}${NS}/workflows/x/history?waitNewEvent=true`, {
        headers: { cookie },
        signal: controller.signal,
      }),
    ).rejects.toThrow();
    await gone;
  });

  test("what breaks off, or is above the bound, is not shown as whole", async () => {
    ui.answer = (_request, response) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.write("{");
      setImmediate(() => response.destroy());
    };
    await expect(people.operator.call("GET", `${NS}/workflows`)).rejects.toThrow();
    ui.answer = (_request, response) =>
      void response.writeHead(200, { "content-type": "text/html" }).end("x".repeat(1_100_000));
    expect((await people.operator.get("/temporal/")).status).toBe(503);
  });

  test("a session has so many calls open, and the next one is refused before its body is read", async () => {
    const browser = createBrowser(api.url);
    await company.logIn(browser, { nameId: "many", groups: ["operator"] });
    let open = 0;
    let full: () => void = () => undefined;
    const there = new Promise<void>((resolve) => (full = resolve));
    ui.answer = () => void (++open === 48 && full());
    const waiting = Array.from({ length: 48 }, () =>
      browser.call("GET", `${NS}/workflows/x/history?waitNewEvent=true`),
    );
    await there;
    const { status, json, headers } = await browser.call("POST", `${NS}/workflows/x/signal/retry`, {});
    expect({ status, json, after: headers["retry-after"] }).toMatchObject({
      status: 429,
      json: { code: "rate_limited", message: expect.stringContaining("close some of its tabs") as string },
      after: "1",
    });
    expect(open).toBe(48);
    ui.answer = usual;
    // Others are not held up by it.
    expect((await people.admin.call("GET", `${NS}/workflows`)).status).toBe(200);
    expect((await browser.submit("/logout")).status).toBe(303);
    expect(new Set((await Promise.all(waiting)).map((each) => each.status))).toEqual(new Set([401]));
  });
});

test("what an open tab asks by itself does not keep the session alive; what a person does there does", async () => {
  let now = Date.now();
  const minutes = 60_000;
  const beside = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    beside: api,
    clock: () => now,
    temporalUi: { address: ui.address },
    settings: { publicUrl: api.url, requestsPerSecond: 20 },
  });
  try {
    const endsAfter = async (
      nameId: string,
      call: (browser: Browser) => Promise<{ status: number }>,
    ): Promise<boolean> => {
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
    const post = (path: string) => (browser: Browser) =>
      browser.call("POST", path, path.startsWith("/codec") ? { payloads: [] } : {}, { origin: api.url });
    const byItself: [string, (browser: Browser) => Promise<{ status: number }>][] = [
      ["waits", get(`${NS}/workflows/x/history?execution.runId=1&waitNewEvent=true`)],
      ["describes", get(`${NS}/workflows/x?execution.runId=1`)],
      ["counts", get(`${NS}/workflow-count?query=x`)],
      ["settings", get("/temporal/api/v1/settings")],
      ["files", get("/temporal/_app/version.json")],
      ["details", post(`${NS}/workflows/x/query/__temporal_workflow_metadata`)],
      ["decodes", post("/codec/decode")],
    ];
    for (const [what, call] of byItself) expect(await endsAfter(what, call), what).toBe(true);
    const byPerson: typeof byItself = [
      ["opens", get("/temporal/namespaces/default/workflows")],
      ["lists", get(`${NS}/workflows?query=x`)],
      ["reads", get(`${NS}/workflows/x/history-reverse?execution.runId=1`)],
      ["asks", post(`${NS}/workflows/x/query/state`)],
      ["signals", post(`${NS}/workflows/x/signal/retry`)],
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
    const down = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      beside: api,
      temporalUi: { address: "http://127.0.0.1:1" },
    });
    const none = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      beside: api,
    });
    const slow = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      beside: api,
      temporalUi: { address: ui.address, answerWithinMs: 200 },
    });
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
      expect(ofNone.call.json).toMatchObject({
        status: 503,
        code: "temporal_ui_not_configured",
        detail: expect.stringContaining("TEMPORAL_UI_ADDRESS") as string,
      });
      expect(ofNone.page.text).toContain("No Temporal UI is connected");
      ui.answer = () => undefined;
      expect((await visit(slow)).call.json).toMatchObject({
        status: 503,
        code: "temporal_ui_unavailable",
        detail: expect.stringContaining("too long") as string,
      });
    } finally {
      await Promise.all([down, none, slow].map((each) => each.close()));
    }
  });
});
