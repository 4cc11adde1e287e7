/** Who changed a subscription: all of it for those who keep the service, and for a consumer no name of another party. */
import { expect, test } from "vitest";
import { api, others, setUpTwoTenants, tenant } from "../../two-tenants.js";

setUpTwoTenants("acts");

interface Done {
  act: string;
  role?: string;
  by?: string;
  name?: string;
  reason?: string;
  fields?: string[];
}
const acts = (key: string) =>
  api.call<{ data: Done[] }>("GET", `/v1/subscriptions/${tenant.subscriptionId}/acts`, { key });

test("tells what was done, the newest first, without a value of the settings", async () => {
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
    { act: "change", role: "provider", fields: ["rateLimit", "headers"] },
  ]);
  const [, paused, changed] = mine.body.data;
  for (const done of [paused, changed])
    for (const part of ["by", "name", "reason"]) expect(done).not.toHaveProperty(part);
  expect(mine.text).not.toMatch(/secret-canary|x-canary|perSecond/);
  expect(mine.text).not.toContain(operator.id);

  const all = await acts(operator.token);
  expect(all.body.data[1]).toMatchObject({ act: "pause", by: `key:${operator.id}`, ...pause });
  expect(all.body.data.slice(0, 3).every(({ name }) => name !== undefined)).toBe(true);
});

test("is not there for another group or provider", async () => {
  for (const key of [others.consumerKey, others.providerKey])
    expect(await acts(key)).toMatchObject({ status: 404, body: { code: "not_found" } });
});
