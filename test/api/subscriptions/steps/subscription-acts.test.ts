/**
 * Who changed a subscription: all of it for those who keep the service, and for a consumer no name of another party.
 */
import { MongoClient } from "mongodb";
import { describe, expect, inject, test } from "vitest";
import { api, others, setUpTwoTenants, tenant } from "../../two-tenants.js";

setUpTwoTenants("acts");

interface Done {
  act: string;
  role?: string;
  by?: string;
  name?: string;
  reason?: string;
  fields?: string[];
  values?: { field: string; before?: string; after?: string; hidden?: true }[];
}
const acts = (key: string) =>
  api.call<{ data: Done[] }>("GET", `/v1/subscriptions/${tenant.subscriptionId}/acts`, { key });

test("tells what was done, the newest first, and no value that may be a secret", async () => {
  const path = `/v1/subscriptions/${tenant.subscriptionId}`;
  const operator = await api.key({ role: "operator" });
  const change = { rateLimit: { perSecond: 7, burst: 9 }, headers: { "x-canary": "secret-canary" } };
  expect((await api.call("PATCH", path, { key: tenant.providerKey, body: change })).status).toBe(200);
  const pause = { reason: "The ledger is full." };
  expect((await api.call("POST", `${path}/pause`, { key: operator.token, body: pause })).status).toBe(200);
  expect((await api.call("POST", `${path}/resume`, { key: tenant.consumerKey, body: {} })).status).toBe(200);

  const mine = await acts(tenant.consumerKey);
  expect(mine.status).toBe(200);
  const own = `key:${tenant.consumerKey.slice(3, 33)}`;
  expect(mine.body.data.slice(0, 3)).toMatchObject([
    { act: "resume", role: "consumer", by: own },
    { act: "pause", role: "operator" },
    {
      act: "change",
      role: "provider",
      fields: ["rateLimit", "headers"],
      values: [
        { field: "rateLimit", after: "perSecond: 7, burst: 9" },
        { field: "headers", hidden: true },
      ],
    },
  ]);
  const [, paused, changed] = mine.body.data;
  for (const done of [paused, changed])
    for (const part of ["by", "name", "reason"]) expect(done).not.toHaveProperty(part);
  expect(mine.text).not.toMatch(/secret-canary|x-canary/);
  expect(mine.text).not.toContain(operator.id);

  const all = await acts(operator.token);
  expect(all.body.data[1]).toMatchObject({ act: "pause", by: `key:${operator.id}`, ...pause });
  expect(all.body.data.slice(0, 3).every(({ name }) => name !== undefined)).toBe(true);
});

test("is not there for another group or provider", async () => {
  for (const key of [others.consumerKey, others.providerKey])
    expect(await acts(key)).toMatchObject({ status: 404, body: { code: "not_found" } });
});

describe("the values of a change", () => {
  const path = () => `/v1/subscriptions/${tenant.subscriptionId}`;
  const change = async (body: object) =>
    expect((await api.call("PATCH", path(), { key: tenant.consumerKey, body })).status).toBe(200);
  const newest = async (key: string) => (await acts(key)).body.data[0]?.values;

  test("are told before and after, without the query of a URL", async () => {
    await change({ name: "Ledger", filter: "data.amount > 1" });
    await change({ name: "Books", filter: null, url: "https://8.8.8.8/hook?token=query-canary" });
    const values = await newest(tenant.consumerKey);
    expect(values).toContainEqual({ field: "name", before: "Ledger", after: "Books" });
    expect(values).toContainEqual({ field: "filter", before: "data.amount > 1" });
    expect(JSON.stringify(values)).toMatch(/8\.8\.8\.8\/hook/);
    await change({ url: "https://8.8.8.8/hook?token=other-canary" });
    expect(await newest(tenant.consumerKey)).toEqual([{ field: "url", hidden: true }]);
    expect((await acts(tenant.consumerKey)).text).not.toContain("canary");
  });

  test("of contacts are not for an auditor, and none stands in the audit or unsealed in the database", async () => {
    await change({ contacts: ["contact-canary@example.com"], description: "text-canary" });
    expect(await newest(tenant.consumerKey)).toEqual([
      { field: "description", after: "text-canary" },
      { field: "contacts", after: "contact-canary@example.com" },
    ]);
    const auditor = await api.key({ role: "auditor" });
    expect(await newest(auditor.token)).toEqual([{ field: "description", after: "text-canary" }]);
    const audit = await api.call("GET", `/v1/audit?subject=${tenant.subscriptionId}`);
    expect(audit.text).not.toContain("canary");
    const client = await new MongoClient(inject("mongodbUrl")).connect();
    const stored = await client
      .db(api.database)
      .collection<{ _id: string }>("subscriptions")
      .findOne({ _id: tenant.subscriptionId })
      .finally(() => client.close());
    expect(stored).toHaveProperty("sealedChanges");
    expect(JSON.stringify(stored)).not.toContain("canary");
    // Another process reads them, too.
    const read = await api.store.subscriptions.get(tenant.subscriptionId);
    expect(read?.changes?.[0]?.values).toContainEqual({ field: "description", after: "text-canary" });
  });

  test("are bounded: long ones are cut, and only the latest changes have them", async () => {
    await change({ description: "👍".repeat(900) });
    expect((await newest(tenant.consumerKey))?.[0]?.after).toBe(`${"👍".repeat(200)}…`);
    for (let turn = 0; turn < 25; turn++) await change({ name: `name ${turn}` });
    const told = (await acts(tenant.consumerKey)).body.data.filter(({ act }) => act === "change");
    expect(told.slice(0, 20).every(({ values }) => values?.length === 1)).toBe(true);
    expect(told.slice(20).every(({ values, fields }) => values === undefined && fields !== undefined)).toBe(true);
    for (let turn = 0; turn < 6; turn++) await change({ description: `${turn}`.repeat(1_800) });
    const { changes = [] } = (await api.store.subscriptions.get(tenant.subscriptionId)) ?? {};
    expect(Buffer.byteLength(JSON.stringify(changes))).toBeLessThanOrEqual(4_200);
    expect(changes.length).toBeGreaterThan(2);
  });
});
