import { expect, test } from "vitest";
import { createBrowser } from "../browser.js";
import { api, company, documents, loggedIn, other, setUpSessions, statusOf } from "./sessions-setup.js";

setUpSessions();

interface Sessions {
  data: { id: string; current: boolean; address?: string; userAgent?: string; role?: string }[];
}

test("a person sees all own sessions, from where they were begun, and ends another one everywhere", async () => {
  const first = await loggedIn(["hooks", "root"], "mine");
  const second = await loggedIn(["hooks", "root"], "mine");
  await loggedIn(["hooks"], "theirs");
  const sessionsOf = async (browser: typeof first) =>
    ((await browser.call("GET", "/v1/me/sessions")).json as unknown as Sessions).data;
  const [newest, oldest, ...more] = await sessionsOf(first);
  expect(more).toEqual([]);
  expect(newest).toMatchObject({ current: false, address: "127.0.0.1" });
  expect(oldest).toMatchObject({ current: true, address: "127.0.0.1" });
  // A reader of the database learns neither the address nor the browser.
  const stored = await documents().findOne({ _id: newest?.id ?? "" });
  expect(Object.keys(stored ?? {})).not.toContain("from");
  expect(JSON.stringify(stored)).not.toContain("127.0.0.1");

  expect(await statusOf(second, other)).toBe(200);
  expect((await first.call("DELETE", `/v1/me/sessions/${newest?.id ?? ""}`)).status).toBe(204);
  expect(await statusOf(second)).toBe(401);
  await expect.poll(() => statusOf(second, other), { interval: 100 }).toBe(401);
  expect(await sessionsOf(first)).toHaveLength(1);
  const subject = api.store.people.idOf(company.connection.id, "mine");
  const acts = (await api.store.audit.list({ limit: 250 })).data.filter(({ action }) => action === "session.end");
  expect(acts).toMatchObject([{ subject, actor: `person:${subject}` }]);
});

test("what the browser says that it is is kept, up to a length", async () => {
  const plain = createBrowser(api.url);
  const userAgent = `Opera ${"x".repeat(500)}`;
  const named: typeof plain.submit = (path, form, headers) =>
    plain.submit(path, form, { ...headers, "user-agent": userAgent });
  const browser = { ...plain, submit: named };
  await company.logIn(browser, { nameId: "named", groups: ["hooks"] });
  const { data } = (await browser.call("GET", "/v1/me/sessions")).json as unknown as Sessions;
  expect(data).toMatchObject([{ userAgent: `Opera ${"x".repeat(250)}` }]);
});

test("nobody ends the session of another person, and a key has none", async () => {
  const mine = await loggedIn();
  const theirs = await loggedIn();
  const { data } = (await theirs.call("GET", "/v1/me/sessions")).json as unknown as Sessions;
  const id = data[0]?.id ?? "";
  expect((await mine.call("DELETE", `/v1/me/sessions/${id}`)).json).toMatchObject({ status: 404, code: "not_found" });
  expect((await mine.call("DELETE", "/v1/me/sessions/x")).json).toMatchObject({ status: 404 });
  expect(await statusOf(theirs)).toBe(200);
  expect((await api.call("GET", "/v1/me/sessions")).body).toEqual({ data: [] });
  expect(await api.problem("DELETE", `/v1/me/sessions/${id}`)).toMatchObject({ code: "not_found" });
  expect(await statusOf(theirs)).toBe(200);
});
