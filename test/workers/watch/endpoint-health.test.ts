import { expect, test } from "vitest";
import { createMetrics } from "../../../src/metrics.js";
import type { Subscription } from "../../../src/store/model.js";
import { watchEndpointHealth } from "../../../src/workers/watch/endpoint-health.js";

test("the metrics count endpoints that are not healthy, and each state is there from the start", async () => {
  const now = new Date();
  const made = (fields: Partial<Subscription>): Subscription => ({
    id: "sub_1",
    groupId: "grp_1",
    url: "https://hooks.example.com/",
    eventTypes: [],
    secrets: [],
    status: "active",
    createdAt: now,
    updatedAt: now,
    ...fields,
  });
  const failing = { state: "failing" as const, since: now };
  const all = [made({}), made({ health: failing }), made({ health: failing }), made({ status: "disabled" })];
  const metrics = createMetrics();
  watchEndpointHealth({ catalogue: { subscriptions: () => all }, metrics }).stop();
  const { values } = await metrics.endpoints.get();
  const counts = Object.fromEntries(
    values.map(({ labels, value }): [string, number] => [String(labels.health), value]),
  );
  expect(counts).toEqual({ degraded: 0, failing: 2, recovering: 0, disabled: 1 });
  const changes = (await metrics.breakerChanges.get()).values.map(({ value }) => value);
  expect(changes).toEqual([0, 0, 0, 0, 0]);
});
