import { describe, expect, test } from "vitest";
import { SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { createBrowser } from "../browser.js";
import { type RunningApi } from "../running-api.js";
import { api, company, loggedIn, statusOf, documents, clock, other, setUpSessions } from "./sessions-setup.js";

setUpSessions();

const MINUTE = 60_000;

describe("it ends", () => {
  test("after twelve hours, however busy", async () => {
    const browser = await loggedIn();
    try {
      for (clock.ahead = 0; clock.ahead < 12 * 60 * MINUTE; clock.ahead += 20 * MINUTE)
        expect(await statusOf(browser), `${clock.ahead / MINUTE} min`).toBe(200);
      // Real time passes as well: a loaded machine may need long for the 36 requests above.
      clock.ahead = 12 * 60 * MINUTE - 10 * MINUTE;
      expect(await statusOf(browser)).toBe(200);
      clock.ahead = 12 * 60 * MINUTE + MINUTE;
      expect(await statusOf(browser)).toBe(401);
    } finally {
      clock.ahead = 0;
    }
  });

  test("after half an hour without a request, and the browser forgets it", async () => {
    const browser = await loggedIn();
    try {
      clock.ahead = 29 * MINUTE;
      expect(await statusOf(browser)).toBe(200);
      clock.ahead = 58 * MINUTE;
      expect(await statusOf(browser)).toBe(200);
      clock.ahead = 89 * MINUTE;
      expect(await statusOf(browser)).toBe(401);
      expect(browser.cookies.has(SESSION_COOKIE)).toBe(false);
    } finally {
      clock.ahead = 0;
    }
  });

  test("in spite of what a page asks by itself", async () => {
    const browser = await loggedIn();
    const asked = async () => (await browser.call("GET", "/v1/me", undefined, { "sealpost-background": "1" })).status;
    try {
      clock.ahead = 20 * MINUTE;
      expect(await asked()).toBe(200);
      clock.ahead = 31 * MINUTE;
      expect(await asked()).toBe(401);
    } finally {
      clock.ahead = 0;
    }
  });

  test("when the identity provider's own session does, if that is sooner", async () => {
    const browser = await loggedIn(["hooks"], "short", {
      sessionNotOnOrAfter: new Date(Date.now() + 10 * MINUTE).toISOString(),
    });
    try {
      clock.ahead = 9 * MINUTE;
      expect(await statusOf(browser)).toBe(200);
      clock.ahead = 11 * MINUTE;
      expect(await statusOf(browser)).toBe(401);
    } finally {
      clock.ahead = 0;
    }
  });

  test("and is written at most once a minute while it goes on", async () => {
    const browser = await loggedIn();
    const seen = async () =>
      (await documents().find().sort({ startedAt: -1 }).limit(1).toArray())[0]?.seenAt.getTime() ?? 0;
    const first = await seen();
    try {
      clock.ahead = 50_000;
      await statusOf(browser);
      expect(await seen()).toBe(first);
      clock.ahead = 70_000;
      await statusOf(browser);
      expect((await seen()) - first).toBeGreaterThanOrEqual(60_000);
    } finally {
      clock.ahead = 0;
    }
  });

  test("and what has ended is removed", async () => {
    const browser = await loggedIn();
    const before = await documents().countDocuments();
    expect(before).toBeGreaterThan(1);
    try {
      clock.ahead = 13 * 60 * MINUTE;
      await api.store.sessions.deleteEnded(new Date(Date.now() + clock.ahead));
      expect(await documents().countDocuments()).toBe(0);
    } finally {
      clock.ahead = 0;
    }
    await expect.poll(() => statusOf(browser)).toBe(401);
  });

  test("at a log-out: here at once, elsewhere within about a second", async () => {
    const browser = await loggedIn();
    const copy = createBrowser(api.url);
    copy.cookies.set(SESSION_COOKIE, browser.cookies.get(SESSION_COOKIE) ?? "");
    expect(await statusOf(copy, other)).toBe(200);
    expect(await browser.submit("/logout")).toMatchObject({ status: 303, location: "/logged-out" });
    expect(browser.cookies.has(SESSION_COOKIE)).toBe(false);
    expect(await statusOf(copy)).toBe(401);
    copy.cookies.set(SESSION_COOKIE, browser.cookies.get(SESSION_COOKIE) ?? "A".repeat(43));
    await expect.poll(() => statusOf(copy, other), { interval: 100 }).toBe(401);
  });

  test("everywhere at a log-out everywhere: every browser, every process, and nobody else's", async () => {
    const [one, two, stranger] = [
      await loggedIn(["hooks"], "everywhere"),
      await loggedIn(["hooks"], "everywhere"),
      await loggedIn(),
    ];
    expect(await statusOf(two, other)).toBe(200);
    const [oneToken, twoToken] = [one, two].map((browser) => browser.cookies.get(SESSION_COOKIE) ?? "");
    expect((await one.call("POST", "/logout/everywhere")).status).toBe(204);
    const answers = async (token: string | undefined, at: RunningApi) => {
      const fresh = createBrowser(api.url);
      fresh.cookies.set(SESSION_COOKIE, token ?? "");
      return statusOf(fresh, at);
    };
    expect(await answers(oneToken, api)).toBe(401);
    expect(await answers(twoToken, api)).toBe(401);
    await expect.poll(() => answers(twoToken, other), { interval: 100 }).toBe(401);
    expect(await statusOf(stranger, other)).toBe(200);
    const acts = (await api.store.audit.list({ limit: 250 })).data.filter(({ action }) => action === "session.end_all");
    expect(acts).toMatchObject([
      { subject: api.store.people.idOf(company.connection.id, "everywhere"), detail: { sessions: 2 } },
    ]);
  });
});
