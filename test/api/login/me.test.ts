import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createBrowser, makeCompany } from "../browser.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    temporalUi: { address: "http://127.0.0.1:1" },
  });
  tenant = await makeTenant(api, "own");
  await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { samlGroups: ["hooks"] } });
});
afterAll(() => api?.close());

async function person(groups: string[]) {
  const company = await makeCompany(api, {
    groupIds: [tenant.groupId],
    roles: [
      { samlGroup: "root", role: "admin" },
      { samlGroup: "pay", role: "provider", apiIds: [tenant.apiId] },
    ],
  });
  const browser = createBrowser(api.url);
  await company.logIn(browser, { nameId: "x", groups });
  return { browser, id: api.store.people.idOf(company.connection.id, "x") };
}

test("whoever has several roles starts in the least powerful and acts in one at a time", async () => {
  const { browser, id } = await person(["root", "hooks", "pay"]);
  expect((await browser.call("GET", "/v1/me")).json).toMatchObject({
    role: "consumer",
    roles: ["consumer", "provider", "admin"],
    groups: [{ id: tenant.groupId, name: "own" }],
  });
  expect((await browser.call("GET", "/v1/audit")).json).toMatchObject({ status: 403, code: "forbidden" });
  expect((await browser.call("POST", "/v1/me/role", { role: "admin" })).json).toMatchObject({
    role: "admin",
    roles: ["consumer", "provider", "admin"],
  });
  expect((await browser.call("GET", "/v1/audit")).status).toBe(200);
  expect((await browser.call("POST", "/v1/me/role", { role: "provider" })).json).toMatchObject({
    role: "provider",
    apis: [{ id: tenant.apiId, name: "own" }],
  });
  expect((await browser.call("GET", "/v1/audit")).status).toBe(403);
  const acts = (await api.store.audit.list({ limit: 250 })).data.filter(
    ({ subject, action }) => subject === id && action === "session.role",
  );
  expect(acts).toMatchObject([
    { actor: `person:${id}`, detail: { before: "admin", role: "provider" } },
    { detail: { before: "consumer", role: "admin" } },
  ]);
});

test("the Temporal UI is named to who may use it, and to nobody else", async () => {
  const { browser } = await person(["root", "hooks"]);
  expect((await browser.call("GET", "/v1/me")).json).not.toHaveProperty("temporalUi");
  expect((await browser.call("POST", "/v1/me/role", { role: "admin" })).json).toMatchObject({
    temporalUi: expect.stringMatching(/^\/temporal\/namespaces\/[\w-]+$/) as string,
  });
});

test("nobody takes a role that is not theirs", async () => {
  const { browser } = await person(["hooks"]);
  expect((await browser.call("POST", "/v1/me/role", { role: "admin" })).json).toMatchObject({
    status: 403,
    code: "forbidden",
  });
  expect((await browser.call("POST", "/v1/me/role", { role: "root" })).json).toMatchObject({ status: 400 });
  expect((await browser.call("POST", "/v1/me/role", { role: "consumer", groupIds: ["grp_x"] })).json).toMatchObject({
    status: 400,
  });
  expect((await browser.call("GET", "/v1/me")).json).toMatchObject({ role: "consumer" });
});

test("a person acts under its own id in the audit", async () => {
  const { browser, id } = await person(["hooks"]);
  expect((await browser.call("POST", `/v1/subscriptions/${tenant.subscriptionId}/pause`)).status).toBe(200);
  // By its subject: what was refused to somebody else may reach the audit after its answer.
  expect((await api.store.audit.list({ limit: 1 }, { subject: tenant.subscriptionId })).data).toMatchObject([
    { actor: `person:${id}` },
  ]);
});

test("a key knows who it is, and has neither another role nor a session to end", async () => {
  expect((await api.call("GET", "/v1/me")).body).toEqual({ id: "environment", role: "admin", roles: ["admin"] });
  expect((await api.call("GET", "/v1/me", { key: tenant.consumerKey })).body).toMatchObject({
    role: "consumer",
    groups: [{ id: tenant.groupId, name: "own" }],
  });
  expect(await api.problem("POST", "/v1/me/role", { body: { role: "consumer" } })).toMatchObject({ status: 403 });
  expect(await api.problem("POST", "/logout")).toMatchObject({ status: 403 });
  expect(await api.problem("POST", "/logout/everywhere")).toMatchObject({ status: 403 });
});

test.each(["/logout", "/logout/everywhere", "/v1/me/role"])("GET %s changes nothing", async (path) => {
  const { browser } = await person(["hooks"]);
  expect((await browser.get(path)).status).toBe(405);
  expect((await browser.call("GET", "/v1/me")).status).toBe(200);
});
