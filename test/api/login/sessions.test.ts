import { Binary } from "mongodb";
import { describe, expect, test } from "vitest";
import { SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { type Browser, createBrowser, makeCompany } from "../browser.js";
import { api, database, company, loggedIn, statusOf, documents, tenant, setUpSessions } from "./sessions-setup.js";

setUpSessions();

describe("a session", () => {
  test("begins under a new token, and ends the one that the browser had", async () => {
    const browser = await loggedIn(["hooks"], "rotates");
    const first = browser.cookies.get(SESSION_COOKIE) ?? "";
    await company.logIn(browser, { nameId: "rotates", groups: ["hooks"] });
    expect(browser.cookies.get(SESSION_COOKIE)).not.toBe(first);
    const old = createBrowser(api.url);
    old.cookies.set(SESSION_COOKIE, first);
    expect((await old.call("GET", "/v1/me")).json).toMatchObject({ status: 401, code: "session_ended" });
  });

  test("ends the one that the browser had also where nobody asked for the response", async () => {
    const unsolicited = await makeCompany(api, { groupIds: [tenant.groupId], idpInitiated: true });
    const browser = createBrowser(api.url);
    const arrive = async () => {
      const request = await unsolicited.begin(createBrowser(api.url));
      const answer = await unsolicited.finish(browser, request, {
        inResponseTo: null,
        confirmationInResponseTo: null,
        nameId: "unasked",
        attributes: [["groups", ["hooks"]]],
      });
      expect(answer.status, answer.text).toBe(303);
      return browser.cookies.get(SESSION_COOKIE) ?? "";
    };
    const first = await arrive();
    expect(await arrive()).not.toBe(first);
    const old = createBrowser(api.url);
    old.cookies.set(SESSION_COOKIE, first);
    expect(await statusOf(old)).toBe(401);
  });

  test("is not ended by what another browser brings along: no value but one of its own names it", async () => {
    const victim = await loggedIn(["hooks"], "victim");
    const sealedOfVictim = victim.cookies.get("__Host-sealpost-former") ?? "";
    const id = (await documents().find().sort({ startedAt: -1 }).limit(1).toArray())[0]?._id ?? "";
    const attacker = await loggedIn(["hooks"], "attacker");
    expect(sealedOfVictim).not.toContain(id);
    for (const planted of [
      id,
      Buffer.from(id).toString("base64url"),
      "",
      "x",
      `${sealedOfVictim.slice(0, -2)}${sealedOfVictim.endsWith("AA") ? "BB" : "AA"}`,
      attacker.cookies.get("__Host-sealpost-former") ?? "",
    ]) {
      const browser = createBrowser(api.url);
      await company.begin(browser);
      browser.cookies.set("__Host-sealpost-former", planted);
      await company.logIn(browser, { nameId: "attacker", groups: ["hooks"] });
      expect(await statusOf(victim), planted).toBe(200);
    }
    // The attacker's own is what was ended by its own value.
    expect(await statusOf(attacker)).toBe(401);
  });

  test("is never one that somebody else put into the browser (fixation)", async () => {
    const planted = "A".repeat(43);
    const browser = createBrowser(api.url);
    browser.cookies.set(SESSION_COOKIE, planted);
    await company.logIn(browser, { nameId: "fixed", groups: ["hooks"] });
    expect(browser.cookies.get(SESSION_COOKIE)).not.toBe(planted);
    const attacker = createBrowser(api.url);
    attacker.cookies.set(SESSION_COOKIE, planted);
    expect(await statusOf(attacker)).toBe(401);
  });

  test("in the store gives neither the token nor anything about the person away", async () => {
    const browser = await loggedIn(["hooks"], "secret-name-id");
    const token = browser.cookies.get(SESSION_COOKIE) ?? "";
    const found = await documents().find().toArray();
    const text = JSON.stringify(
      [...found, ...(await database.db(api.database).collection("people").find().toArray())].map((document) => ({
        ...document,
        sealed: Buffer.from((document as { sealed: Binary }).sealed.value()).toString("latin1"),
      })),
    );
    expect(found.length).toBeGreaterThan(0);
    for (const secret of [token, "secret-name-id", "hooks", "example.com"]) expect(text).not.toContain(secret);
    const thief = createBrowser(api.url);
    for (const { _id } of found) {
      thief.cookies.set(SESSION_COOKIE, _id);
      expect(await statusOf(thief)).toBe(401);
    }
  });

  test("whose sealed part was moved into another's record does not open", async () => {
    const [one, two] = [await loggedIn(["root"]), await loggedIn(["hooks"])];
    const personOf = async (browser: Browser) =>
      String((await browser.call("GET", "/v1/me")).json["id"]).slice("person:".length);
    const [from, to] = await Promise.all(
      [one, two].map(async (browser) => documents().findOne({ personId: await personOf(browser) })),
    );
    await documents().updateOne({ _id: to?._id ?? "" }, { $set: { sealed: from?.sealed ?? new Binary() } });
    await expect.poll(() => statusOf(two), { interval: 200 }).toBe(500);
  });

  test.each(["", "x", "A".repeat(42), "A".repeat(44), `${"A".repeat(42)}=`, "%00", '"'])(
    "that the cookie %j names is none",
    async (value) => {
      expect(
        await api.problem("GET", "/v1/me", { key: "", headers: { cookie: `${SESSION_COOKIE}=${value}` } }),
      ).toMatchObject({ status: 401, code: "unauthenticated" });
    },
  );
});

describe("what it gives is asked anew at each request", () => {
  test("a group that no longer names the person's group, or is deleted, counts no more", async () => {
    const group = await api.call("POST", "/v1/groups", { body: { name: "short-lived", samlGroups: ["short"] } });
    const groupId = String(group.body["id"]);
    await api.store.samlConnections.update(company.connection.id, (current) => ({
      ...current,
      groupIds: [tenant.groupId, groupId],
    }));
    const browser = await loggedIn(["hooks", "short"]);
    const groups = async () =>
      ((await browser.call("GET", "/v1/me")).json["groups"] as { id: string }[]).map(({ id }) => id);
    expect(await groups()).toEqual([tenant.groupId, groupId]);
    await api.call("PATCH", `/v1/groups/${groupId}`, { body: { samlGroups: ["long"] } });
    expect(await groups()).toEqual([tenant.groupId]);
    await api.call("PATCH", `/v1/groups/${groupId}`, { body: { samlGroups: ["short"] } });
    expect(await groups()).toEqual([tenant.groupId, groupId]);
    await api.call("DELETE", `/v1/groups/${groupId}`);
    expect(await groups()).toEqual([tenant.groupId]);
  });

  test("with the last role gone everything is refused, and comes back with it", async () => {
    const browser = await loggedIn();
    await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { samlGroups: [] } });
    expect((await browser.call("GET", "/v1/subscriptions")).json).toMatchObject({ status: 403, code: "no_role" });
    await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { samlGroups: ["hooks"] } });
    expect(await statusOf(browser)).toBe(200);
  });

  test("a connection that is disabled ends its sessions", async () => {
    const closing = await makeCompany(api, { groupIds: [tenant.groupId] });
    const browser = createBrowser(api.url);
    await closing.logIn(browser, { nameId: "x", groups: ["hooks"] });
    expect(await statusOf(browser)).toBe(200);
    const token = browser.cookies.get(SESSION_COOKIE) ?? "";
    const set = async (status: string) =>
      expect(
        (await api.call("PATCH", `/v1/saml-connections/${closing.connection.id}`, { body: { status } })).status,
      ).toBe(200);
    await set("disabled");
    await expect.poll(() => statusOf(browser), { interval: 100 }).toBe(401);
    // For good: whoever kept the cookie is not let in again when the connection is.
    await set("enabled");
    browser.cookies.set(SESSION_COOKIE, token);
    expect(await statusOf(browser)).toBe(401);
  });
});
