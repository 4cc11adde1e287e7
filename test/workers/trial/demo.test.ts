/** The demo of a service as `npm start` runs it: its own traffic beside what a person publishes. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { DEMO_GROUP } from "../../../src/workers/trial/demo.js";
import { DEMO_EVENT_TYPE, DEMO_ORDER_TYPE } from "../../../src/workers/trial/demo-endpoints.js";
import { createClient } from "../../support/client.js";
import { type Service, startService } from "../../support/service.js";

const within = { timeout: 120_000, interval: 500 };
let service: Service;
beforeAll(async () => {
  service = await startService({ env: { SEALPOST_DEMO: "1" }, demoTraffic: true });
}, 240_000);
afterAll(() => service?.remove());

interface Listed {
  data: { eventType: string; groupId: string; status: string; subscriptionId: string; lastStatus?: number }[];
}

describe("the demo", () => {
  it("has delivered and parked orders at three endpoints, and tells of greetings alone", async () => {
    const client = createClient(service.url, service.adminKey);
    const list = async (query: string) =>
      (await client.get<Listed>(`/v1/deliveries?limit=250&eventType=${DEMO_ORDER_TYPE}${query}`)).body.data;
    await expect.poll(async () => (await list("&status=parked")).length, within).toBeGreaterThan(0);
    expect((await list("&status=parked"))[0]).toMatchObject({ groupId: DEMO_GROUP, lastStatus: 422 });
    expect((await list("&status=delivered")).length).toBeGreaterThan(0);
    expect(new Set((await list("")).map(({ subscriptionId }) => subscriptionId)).size).toBe(3);
    expect(service.log()).not.toContain("Demo receiver:");
    expect((await client.post("/v1/events", { type: DEMO_EVENT_TYPE, data: {} })).status).toBe(202);
    await expect.poll(() => service.log(), within).toMatch(/Demo receiver: evt_\w+ demo\.greeting\.sent, 2 bytes/);
    expect(service.log()).not.toContain(`${DEMO_ORDER_TYPE},`);
  }, 300_000);
});
