import { expect, test } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { api, others, setUpTwoTenants, tenant } from "../two-tenants.js";

setUpTwoTenants("asks");

const noted = async (): Promise<object[]> =>
  (await api.call<{ data: object[] }>("GET", "/v1/audit?action=access.not_found")).body.data;

test("who asks for objects of another group is on record, in one entry a minute and without the id", async () => {
  const path = `/v1/subscriptions/${others.subscriptionId}`;
  for (let i = 0; i < 3; i++) expect((await api.call("GET", path, { key: tenant.consumerKey })).status).toBe(404);
  const actor = `key:${tenant.consumerKey.slice(3, 33)}`;
  await expect.poll(noted).toMatchObject([{ actor, subject: "readSubscription", detail: { acts: 1 } }]);
  await api.auditTally.close();
  const entries = await noted();
  expect(entries).toMatchObject([
    { actor, detail: { acts: 2 } },
    { actor, detail: { acts: 1 } },
  ]);
  expect(JSON.stringify(entries)).not.toContain(others.subscriptionId);
});

test("a list that is empty, an object of one's own, and who sees everything leave no entry", async () => {
  const before = (await noted()).length;
  const own = `/v1/subscriptions/${tenant.subscriptionId}`;
  expect((await api.call("GET", own, { key: tenant.consumerKey })).status).toBe(200);
  expect((await api.call("GET", "/v1/nowhere", { key: tenant.consumerKey })).status).toBe(404);
  expect((await api.call("GET", `/v1/subscriptions/${newId("sub")}`)).status).toBe(404);
  await api.auditTally.close();
  expect(await noted()).toHaveLength(before);
});
