import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import { type Browser, type Company, createBrowser, makeCompany } from "../browser.js";
import { type RunningApi, startApi } from "../running-api.js";

let api: RunningApi;
let company: Company;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  company = await makeCompany(api, {
    roles: [
      { samlGroup: "root", role: "admin" },
      { samlGroup: "audit", role: "auditor" },
      { samlGroup: "ops", role: "operator" },
    ],
  });
});
afterAll(() => api?.close());

async function loggedIn(nameId: string, groups = ["audit"]): Promise<{ browser: Browser; id: string }> {
  const browser = createBrowser(api.url);
  expect((await company.logIn(browser, { nameId, groups })).status).toBe(303);
  return { browser, id: String((await browser.call("GET", "/v1/me")).json["id"]).slice("person:".length) };
}
const status = async (browser: Browser) => (await browser.call("GET", "/v1/me")).status;

test("people are listed to an admin and an auditor, newest first, and to nobody else", async () => {
  const { id: first } = await loggedIn("ann");
  const { id: second, browser: auditor } = await loggedIn("bob");
  const { data, next } = (await api.call<{ data: { id: string }[]; next: string }>("GET", "/v1/people?limit=1")).body;
  expect(data).toMatchObject([
    {
      id: second,
      nameId: "bob",
      displayName: "Person bob",
      email: "bob@example.com",
      connectionId: company.connection.id,
    },
  ]);
  expect((await auditor.call("GET", `/v1/people?limit=1&cursor=${next}`)).json).toMatchObject({
    data: [{ id: first }],
  });
  expect((await auditor.call("GET", `/v1/people/${first}`)).json).toMatchObject({ id: first, nameId: "ann" });
  expect((await auditor.call("DELETE", `/v1/people/${first}`)).json).toMatchObject({ code: "forbidden" });
  const { browser: operator } = await loggedIn("op", ["ops"]);
  expect((await operator.call("GET", "/v1/people")).json).toMatchObject({ status: 403 });
  expect((await operator.call("GET", `/v1/people/${first}`)).json).toMatchObject({ status: 403 });
});

test("an admin ends a person's sessions", async () => {
  const { browser: admin } = await loggedIn("chief", ["root"]);
  const { browser, id } = await loggedIn("carl");
  expect((await admin.call("POST", `/v1/people/${id}/logout`)).status).toBe(204);
  expect(await status(browser)).toBe(401);
  expect(await status(admin)).toBe(200);
  expect((await admin.call("POST", `/v1/people/per_${"0".repeat(43)}/logout`)).json).toMatchObject({ status: 404 });
  // By its subject: what was refused to somebody else may reach the audit after its answer.
  expect((await api.store.audit.list({ limit: 1 }, { subject: id })).data).toMatchObject([
    {
      actor: `person:${api.store.people.idOf(company.connection.id, "chief")}`,
      action: "person.logout",
      detail: { sessions: 1 },
    },
  ]);
});

test("an erased person is gone, from backups too; the audit keeps an id that names nobody", async () => {
  const { browser, id } = await loggedIn("dora");
  const database = await new MongoClient(inject("mongodbUrl")).connect();
  try {
    const db = database.db(api.database);
    const backup = {
      person: await db.collection<{ _id: string }>("people").findOne({ _id: id }),
      session: await db.collection<{ _id: string }>("sessions").findOne({ personId: id }),
    };
    const token = browser.cookies.get(SESSION_COOKIE) ?? "";
    expect((await api.call("DELETE", `/v1/people/${id}`)).status).toBe(204);
    expect(await status(browser)).toBe(401);
    expect(await api.problem("GET", `/v1/people/${id}`)).toMatchObject({ status: 404 });
    // An erasure may be asked for again.
    expect((await api.call("DELETE", `/v1/people/${id}`)).status).toBe(204);
    if (!backup.person || !backup.session) throw new Error("nothing to restore");
    await db.collection<{ _id: string }>("people").insertOne(backup.person);
    await db.collection<{ _id: string }>("sessions").insertOne(backup.session);
    expect(await api.store.people.get(id)).toBeUndefined();
    const back = createBrowser(api.url);
    back.cookies.set(SESSION_COOKIE, token);
    expect(await status(back)).toBe(401);
    expect((await api.call("GET", "/v1/people")).text).not.toContain("dora");
    expect((await api.call("GET", "/v1/audit?limit=250")).text).not.toMatch(/"dora|dora@|Person dora/);
    // Whoever may still log in is a person anew, under the same id.
    expect((await loggedIn("dora")).id).toBe(id);
    expect(await api.store.people.get(id)).toMatchObject({ nameId: "dora" });
  } finally {
    await database.close();
  }
});

test.each(["per_x", `per_${"0".repeat(42)}`, `per_${"0".repeat(44)}`, "per_%2e%2e", "key_00000000000000000000000000"])(
  "%s is nobody",
  async (id) => {
    expect(await api.problem("GET", `/v1/people/${id}`)).toMatchObject({ status: 404, code: "not_found" });
  },
);
