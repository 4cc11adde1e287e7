import { expect, test } from "vitest";
import { createBreakerGate, looksAgainAt } from "../../../src/activities/breaker/gate.js";
import type { SubscriptionHealth } from "../../../src/store/subscription-health.js";

const told: string[] = [];
const gate = createBreakerGate({
  catalogue: { subscription: () => undefined },
  reports: { note: () => undefined, waits: (id) => void told.push(id), close: async () => undefined },
});
const at = (state: SubscriptionHealth["state"], fields: Partial<SubscriptionHealth> = {}) => ({
  id: `sub_${state}`,
  health: { state, since: new Date(), nextProbeAt: new Date(Date.now() + 60_000), ...fields },
});
const asks = { eventType: "payments.paid", attempts: 0 };

test("only a failing or recovering endpoint makes deliveries wait, and they say why", () => {
  expect(gate.whyWaits({ id: "sub_1" }, asks)).toBeUndefined();
  expect(gate.whyWaits(at("degraded"), asks)).toBeUndefined();
  expect(gate.whyWaits(at("failing"), asks)).toContain("The endpoint is failing.");
  expect(gate.whyWaits(at("recovering"), asks)).toContain("waits for its turn");
});

test("a probe passes always, and what is released only once the endpoint answers again", () => {
  expect(gate.whyWaits(at("failing"), { ...asks, pass: "probe" })).toBeUndefined();
  expect(gate.whyWaits(at("recovering"), { ...asks, pass: "release" })).toBeUndefined();
  expect(gate.whyWaits(at("failing"), { ...asks, pass: "release" })).toBeDefined();
});

test("what a person asks for is sent as what it is, and a recovery waits", () => {
  expect(gate.whyWaits(at("failing"), { ...asks, asked: true })).toBeUndefined();
  expect(gate.whyWaits(at("failing"), { ...asks, asked: true, notBefore: Date.now() })).toBeDefined();
  expect(gate.whyWaits(at("failing"), { ...asks, eventType: "sealpost.test" })).toBeUndefined();
  expect(gate.whyWaits(at("failing"), { ...asks, eventType: "sealpost.test", attempts: 1 })).toBeDefined();
});

test("without a probe ahead the breaker is told that something waits", () => {
  told.length = 0;
  gate.whyWaits(at("failing"), asks);
  expect(told).toEqual([]);
  const { nextProbeAt: _none, ...health } = at("failing").health;
  gate.whyWaits({ id: "sub_idle", health }, asks);
  gate.whyWaits({ ...at("failing", { nextProbeAt: new Date(Date.now() - 120_000) }), id: "sub_lost" }, asks);
  expect(told).toEqual(["sub_idle", "sub_lost"]);
});

test("waiting deliveries look again rarely, and not all at once", () => {
  const MINUTE = 60_000;
  expect(looksAgainAt(1_000, 1_000, 0) - 1_000).toBe(15 * MINUTE);
  expect(looksAgainAt(1_000, 1_000, 0.999) - 1_000).toBeGreaterThan(22 * MINUTE);
  expect(looksAgainAt(0, 120 * MINUTE, 0) - 120 * MINUTE).toBe(120 * MINUTE);
  expect(looksAgainAt(0, 10_000 * MINUTE, 0) - 10_000 * MINUTE).toBe(720 * MINUTE);
});
