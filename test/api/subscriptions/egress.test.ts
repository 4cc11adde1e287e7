import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

const egressAddresses = ["198.51.100.7", "2001:db8:7::/64"];
let api: RunningApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    settings: { egressAddresses },
  });
  tenant = await makeTenant(api, "egress");
});
afterAll(() => api?.close());

test("every role reads the addresses that the operator has set, and nobody without a key does", async () => {
  for (const key of [tenant.consumerKey, tenant.providerKey, (await api.key({ role: "auditor" })).token])
    expect(await api.call("GET", "/v1/egress", { key })).toMatchObject({
      status: 200,
      body: { addresses: egressAddresses },
    });
  expect((await api.call("GET", "/v1/egress", { key: "" })).status).toBe(401);
});
