import { afterAll, beforeAll, beforeEach, expect, inject } from "vitest";
import { type Receiver, startReceiver } from "../../support/receiver.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

export let api: RunningApi;
export let tenant: Tenant;
export let receiver: Receiver;
export let otherApiKey: string;

export interface View {
  id: string;
  status: string;
  secret: string;
  history: { from: string; to: string; by?: string; role?: string; reason?: string }[];
  [field: string]: unknown;
}
export const echo: Receiver["respond"] = ({ method, body }) =>
  method === "OPTIONS"
    ? { status: 200, headers: { "webhook-allowed-origin": "*" } }
    : {
        status: 200,
        body: JSON.stringify({
          challenge: (JSON.parse(body.toString()) as { data: { challenge: string } }).data.challenge,
        }),
      };
export const draft = async (more: Record<string, unknown> = {}): Promise<View> => {
  const answer = await api.call<View>("POST", "/v1/subscriptions", {
    key: tenant.consumerKey,
    body: { url: receiver.url, eventTypes: [tenant.eventType], ...more },
  });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
};
export const act = (id: string, name: string, key: string, body?: unknown) =>
  api.call<View>("POST", `/v1/subscriptions/${id}/${name}`, { key, ...(body !== undefined && { body }) });
export const consumer = (id: string, name: string, body?: unknown) => act(id, name, tenant.consumerKey, body);
export const change = (id: string, body: unknown, key = tenant.consumerKey) =>
  api.call<View>("PATCH", `/v1/subscriptions/${id}`, { key, body });

/** What each of the files needs that begin with `life`: call it once at the top. */
export function setUpLife(): void {
  beforeAll(async () => {
    api = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      guard: { allowLocal: true },
    });
    [tenant, receiver] = await Promise.all([makeTenant(api, "life"), startReceiver()]);
    otherApiKey = (await makeTenant(api, "other")).providerKey;
  });
  afterAll(async () => {
    await api?.close();
    await receiver?.close();
  });
  beforeEach(() => {
    receiver.requests.length = 0;
    receiver.respond = echo;
  });
}
