import { afterAll, beforeAll, inject } from "vitest";
import { type Call, makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

export let api: RunningApi;
export let tenant: Tenant;

const REQUIRED = { "ce-specversion": "1.0", "ce-id": "A-1", "ce-source": "/shop/1", "ce-type": "com.example.paid" };
export const binary = (headers: Record<string, string>, path = `/v1/events/${tenant.eventType}`, body = "1") => ({
  path,
  call: {
    key: tenant.providerKey,
    body: Buffer.from(body),
    headers: { "content-type": "application/json", ...REQUIRED, ...headers },
  },
});
interface Post {
  path: string;
  call: Call;
}
export const post = <T = { id: string; duplicate: boolean }>({ path, call }: Post) => api.call<T>("POST", path, call);
export const structured = (
  event: unknown,
  path = "/v1/events",
  type = "application/cloudevents+json",
  headers: Record<string, string> = {},
) => ({
  path,
  call: {
    key: tenant.providerKey,
    body: Buffer.from(typeof event === "string" ? event : JSON.stringify(event)),
    headers: { "content-type": type, ...headers },
  },
});
export const problem = ({ path, call }: Post) => api.problem("POST", path, call);
export const envelope = (more: object = {}) => ({
  specversion: "1.0",
  id: "S-1",
  source: "/shop/1",
  type: tenant.eventType,
  data: { n: 1 },
  ...more,
});

/** What each of the files needs that begin with `cloud-events`: call it once at the top. */
export function setUpCloudEvents(): void {
  beforeAll(async () => {
    api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
    tenant = await makeTenant(api, "cloud");
  });
  afterAll(() => api?.close());
}
