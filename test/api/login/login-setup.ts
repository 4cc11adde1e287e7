import { afterAll, beforeAll, inject } from "vitest";
import { newId } from "../../../src/store/ids.js";
import { type Company, makeCompany } from "../browser.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

export let api: RunningApi;
export let tenant: Tenant;
export let company: Company;
export const audits = async (action: string) =>
  (await api.store.audit.list({ limit: 250 })).data.filter((entry) => entry.action === action);
export const memberOf = (groups: string[], nameId: string = newId("nid")) => ({ nameId, groups });

/** What each of the files needs that begin with `login`: call it once at the top. */
export function setUpLogin(): void {
  beforeAll(async () => {
    api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
    tenant = await makeTenant(api, "own");
    await api.call("PATCH", `/v1/groups/${tenant.groupId}`, { body: { samlGroups: ["hooks"] } });
    company = await makeCompany(api, {
      name: "Own company",
      groupIds: [tenant.groupId],
      roles: [{ samlGroup: "ops", role: "operator" }],
    });
    // A second one, so that a log-in must say which.
    await makeCompany(api, { name: "Other company" });
  });
  afterAll(() => api?.close());
}
