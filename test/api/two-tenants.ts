/** A running API with two tenants who must not see each other. */
import { afterAll, beforeAll, inject } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "./running-api.js";

export let api: RunningApi;
export let tenant: Tenant;
export let others: Tenant;

/** Call it once at the top of a file. @param name of the first tenant. The second one is `others`. */
export function setUpTwoTenants(name: string): void {
  beforeAll(async () => {
    api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
    [tenant, others] = [await makeTenant(api, name), await makeTenant(api, "others")];
  });
  afterAll(() => api?.close());
}
