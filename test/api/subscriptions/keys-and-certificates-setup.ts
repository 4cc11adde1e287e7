import { afterAll, beforeAll, expect, inject } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

export let api: RunningApi;
let tenant: Tenant;

export const input = (more: Record<string, unknown> = {}) => ({
  groupId: tenant.groupId,
  url: "https://8.8.8.8/hook",
  eventTypes: [tenant.eventType],
  ...more,
});
export const create = async (more: Record<string, unknown> = {}) => {
  const answer = await api.call("POST", "/v1/subscriptions", { body: input(more) });
  expect(answer.status, answer.text).toBe(201);
  return { id: String(answer.body["id"]), answer };
};
export const change = (id: string, body: Record<string, unknown>) =>
  api.call("PATCH", `/v1/subscriptions/${id}`, { body });

/** What each of the files needs that begin with `keys-and-certificates`: call it once at the top. */
export function setUpKeysAndCertificates(): void {
  beforeAll(async () => {
    api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
    tenant = await makeTenant(api, "techniques");
  });
  afterAll(() => api?.close());
}
