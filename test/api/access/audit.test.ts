import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

interface Entry {
  id: string;
  at: string;
  actor: string;
  action: string;
  subject: string;
  mac: string;
}
let api: RunningApi;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "payments");
});
afterAll(() => api?.close());

const list = async (query: string) =>
  (await api.call<{ data: Entry[] }>("GET", `/v1/audit?limit=250&${query}`)).body.data;

test("the list is filtered exactly, and refuses what is no filter", async () => {
  expect(await list(`subject=${tenant.apiId}`)).toMatchObject([{ action: "api.create", actor: "environment" }]);
  expect((await list("action=api_key.create")).length).toBe(2);
  expect(await list("actor=nobody")).toEqual([]);
  const [latest] = await list("");
  expect((await list(`since=${latest?.at}`)).map(({ id }) => id)).toContain(latest?.id);
  expect((await list(`until=${latest?.at}`)).map(({ id }) => id)).not.toContain(latest?.id);
  for (const wrong of ["since=yesterday", "who=me", "actor=a&actor=b", "actor[$ne]=a"])
    expect(await api.problem("GET", `/v1/audit?${wrong}`)).toMatchObject({ status: 400 });
});

test("acts of one kind are found by how their names begin, and by an id wherever it stands", async () => {
  const kinds = new Set((await list("actionPrefix=api_key.")).map(({ action }) => action));
  expect([...kinds]).toEqual(["api_key.create"]);
  expect((await list("actionPrefix=api")).map(({ action }) => action)).toContain("api.create");
  expect(await list(`actionPrefix=api_key.&action=api.create`)).toEqual([]);
  expect(await list("actionPrefix=$ne")).toEqual([]);
  const { id, token } = await api.key({ role: "admin" });
  const name = { name: "found" };
  const { body } = await api.call<{ id: string }>("POST", "/v1/apis", { key: token, body: name });
  const [made] = await list(`q=${body.id}`);
  expect(made).toMatchObject({ action: "api.create", actor: `key:${id}` });
  expect((await list(`q=${made?.id}`)).map((entry) => entry.id)).toEqual([made?.id]);
  // As the actor, and as what was made.
  expect((await list(`q=${id}`)).map(({ action }) => action)).toEqual(["api.create", "api_key.create"]);
  expect(await list(`q=${id}&actionPrefix=api.`)).toHaveLength(1);
  expect(await list(`q=${id.slice(0, -1)}`)).toEqual([]);
});

test("an auditor exports everything as JSON Lines, which is itself on record; nothing in it is a secret", async () => {
  const auditor = await api.key({ role: "auditor" });
  const { status, text, headers } = await api.call("GET", "/v1/audit/export", { key: auditor.token });
  expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "application/jsonl" });
  const entries = text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Entry);
  expect(entries[0]).toMatchObject({ action: "audit.begin" });
  expect(entries.at(-1)).toMatchObject({ actor: `key:${auditor.id}`, action: "audit.export" });
  expect(entries.map(({ id }) => id)).toEqual(entries.map(({ id }) => id).sort());
  expect(await api.store.audit.verify()).toMatchObject({
    ok: true,
    head: { seq: entries.length, mac: entries.at(-1)?.mac },
  });
  for (const secret of [
    tenant.secret.slice(8),
    tenant.consumerKey.slice(-43),
    tenant.providerKey.slice(-43),
    auditor.token.slice(-43),
    api.adminKey,
  ])
    expect(text).not.toContain(secret);
});

test(
  "what was refused is on record: acts outside the role, and wrong keys by network, the first " +
    "at once and the others counted",
  async () => {
    const { id, token } = await api.key({ role: "consumer", groupId: tenant.groupId });
    for (let i = 0; i < 3; i++)
      expect((await api.call("POST", "/v1/apis", { key: token, body: { name: "mine" } })).status).toBe(403);
    const secret = "x".repeat(43);
    for (let i = 0; i < 4; i++)
      expect((await api.call("GET", "/v1/apis", { key: `sp_${id}_${secret}` })).status).toBe(401);
    await expect
      .poll(() => list(`actor=key:${id}&action=access.refuse`))
      .toMatchObject([{ subject: "createApi", detail: { acts: 1 } }]);
    await expect
      .poll(() => list("action=key.refuse"))
      .toMatchObject([{ actor: "anybody", subject: "address:127.0.0.1", detail: { acts: 1 } }]);
    await api.auditTally.close();
    expect(await list(`actor=key:${id}&action=access.refuse`)).toMatchObject([
      { detail: { acts: 2 } },
      { detail: { acts: 1 } },
    ]);
    expect(await list("action=key.refuse")).toMatchObject([{ detail: { acts: 3 } }, { detail: { acts: 1 } }]);
    expect(JSON.stringify(await list(""))).not.toContain(secret);
  },
);
