import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "./running-api.js";

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

const list = async (query: string) => (await api.call<{ data: Entry[] }>("GET", `/v1/audit?limit=250&${query}`)).body.data;

test("the list is filtered exactly, and refuses what is no filter", async () => {
  expect(await list(`subject=${tenant.apiId}`)).toMatchObject([{ action: "api.create", actor: "environment" }]);
  expect((await list("action=api_key.create")).length).toBe(2);
  expect(await list("actor=nobody")).toEqual([]);
  const [latest] = await list("");
  expect((await list(`since=${latest?.at}`)).map(({ id }) => id)).toContain(latest?.id);
  expect((await list(`until=${latest?.at}`)).map(({ id }) => id)).not.toContain(latest?.id);
  for (const wrong of ["since=yesterday", "who=me", "actor=a&actor=b", "actor[$ne]=a"]) expect(await api.problem("GET", `/v1/audit?${wrong}`)).toMatchObject({ status: 400 });
});

test("an auditor exports everything as JSON Lines, which is itself on record; nothing in it is a secret", async () => {
  const auditor = await api.key({ role: "auditor" });
  const { status, text, headers } = await api.call("GET", "/v1/audit/export", { key: auditor.token });
  expect({ status, type: headers["content-type"] }).toEqual({ status: 200, type: "application/jsonl" });
  const entries = text.trimEnd().split("\n").map((line) => JSON.parse(line) as Entry);
  expect(entries[0]).toMatchObject({ action: "audit.begin" });
  expect(entries.at(-1)).toMatchObject({ actor: `key:${auditor.id}`, action: "audit.export" });
  expect(entries.map(({ id }) => id)).toEqual(entries.map(({ id }) => id).sort());
  expect(await api.store.audit.verify()).toMatchObject({ ok: true, head: { seq: entries.length, mac: entries.at(-1)?.mac } });
  for (const secret of [tenant.secret.slice(8), tenant.consumerKey.slice(-43), tenant.providerKey.slice(-43), auditor.token.slice(-43), api.adminKey]) expect(text).not.toContain(secret);
});
