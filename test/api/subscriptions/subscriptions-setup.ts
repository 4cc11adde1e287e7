import { afterAll, beforeAll, expect, inject } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

export let api: RunningApi;
export let tenant: Tenant;

export const input = (more: Record<string, unknown> = {}) => ({
  groupId: tenant.groupId,
  url: "https://8.8.8.8/hook",
  eventTypes: [tenant.eventType],
  ...more,
});
export const create = async (more: Record<string, unknown> = {}) => {
  const answer = await api.call("POST", "/v1/subscriptions", { body: input(more) });
  expect(answer.status, answer.text).toBe(201);
  return { ...(answer.body as { id: string; secret: string }), answer };
};

/** What each of the files needs that begin with `subscriptions`: call it once at the top. */
export function setUpSubscriptions(): void {
  beforeAll(async () => {
    api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
    tenant = await makeTenant(api, "payments");
  });
  afterAll(() => api?.close());
}
