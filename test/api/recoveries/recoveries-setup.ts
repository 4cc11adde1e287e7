import { afterAll, beforeAll, expect, inject } from "vitest";
import type { ApiSettings } from "../../../src/api/settings.js";
import { newId } from "../../../src/store/ids.js";
import type { Delivery, Role } from "../../../src/store/model.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

export let api: RunningApi;
export let beside: RunningApi;
export let tenant: Tenant;
export let other: Tenant;
export const hoursAgo = (hours: number): string => new Date(Date.now() - hours * 3_600_000).toISOString();

export async function insert(
  count: number,
  { of = tenant, hours = 1, ...more }: Partial<Delivery> & { of?: Tenant; hours?: number } = {},
): Promise<Delivery[]> {
  const made = Array.from({ length: count }, (): Delivery => {
    const eventId = newId("evt");
    const createdAt = new Date(Date.now() - hours * 3_600_000);
    return {
      id: `${eventId}.${of.subscriptionId}`,
      eventId,
      subscriptionId: of.subscriptionId,
      groupId: of.groupId,
      eventType: of.eventType,
      status: "parked",
      createdAt,
      updatedAt: createdAt,
      attemptCount: 1,
      attempts: [],
      ...more,
    };
  });
  await api.store.deliveries.insertMany(made);
  return made;
}

export interface Preview {
  count: number;
  exact: boolean;
  byStatus: Record<string, number>;
  bySubscription: { subscriptionId: string; count: number; ratePerSecond: number; estimatedSeconds: number }[];
  oldest?: string;
  newest?: string;
  estimatedSeconds: number;
  filter: Record<string, unknown>;
  needsRelease: boolean;
  token: string;
}
export async function preview(
  filter: Record<string, unknown>,
  key = tenant.consumerKey,
  more: object = {},
): Promise<Preview> {
  const answer = await api.call<Preview>("POST", "/v1/recoveries/preview", { key, body: { filter, ...more } });
  expect(answer.status, answer.text).toBe(200);
  return answer.body;
}
export const start = (body: object, key = tenant.consumerKey, by = api) =>
  by.call("POST", "/v1/recoveries", { key, body });
export const refusal = (body: object, key = tenant.consumerKey, by = api) =>
  by.problem("POST", "/v1/recoveries", { key, body });

/** A key of this role that counts as the person who made it. */
export async function keyOf(person: string, role: Role): Promise<string> {
  const { id, token } = await api.key({ role });
  await api.store.apiKeys.update(id, (key) => ({ ...key, createdBy: `person:${person}` }));
  await api.catalogue.refresh();
  await beside.catalogue.refresh();
  return token;
}

/** What each of the files needs that begin with `recoveries`: call it once at the top. */
export function setUpRecoveries(settings: Partial<ApiSettings> = {}): void {
  beforeAll(async () => {
    const engines = { temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") };
    api = await startApi({ ...engines, settings });
    beside = await startApi({
      ...engines,
      beside: api,
      settings: { ...settings, environmentAdminKeyHash: api.store.blindIndex("admin-key", api.adminKey) },
    });
    [tenant, other] = await Promise.all([makeTenant(api, "payments"), makeTenant(api, "orders")]);
    await beside.catalogue.refresh();
  });
  afterAll(async () => {
    await beside?.close();
    await api?.close();
  });
}
