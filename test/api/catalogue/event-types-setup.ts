import { afterAll, beforeAll, inject } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

export let api: RunningApi;
export let tenant: Tenant;
let count = 0;

export const nameOf = (): string => `shop.type${++count}.made`;
export const create = (fields: Record<string, unknown>, name = nameOf()) =>
  api.call("POST", "/v1/event-types", { key: tenant.providerKey, body: { name, apiId: tenant.apiId, ...fields } });
export const schema = { type: "object", properties: { total: { type: "number" } }, required: ["total"] };

/** What each of the files needs that begin with `event-types`: call it once at the top. */
export function setUpEventTypes(): void {
  beforeAll(async () => {
    api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
    tenant = await makeTenant(api, "shop");
  });
  afterAll(() => api?.close());
}
