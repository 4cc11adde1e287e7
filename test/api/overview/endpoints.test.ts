import { expect, test } from "vitest";
import {
  countEndpoints,
  isInOverlap,
  unhealthyEndpoints,
  waitsForConsumer,
} from "../../../src/api/overview/endpoints.js";
import type { Subscription } from "../../../src/store/model.js";

const at = new Date("2026-11-01T10:00:00Z");
const subscription = (id: string, fields: Partial<Subscription> = {}): Subscription => ({
  id,
  groupId: "grp_1",
  url: "https://hooks.example.com/",
  eventTypes: [],
  secrets: [],
  status: "active",
  createdAt: at,
  updatedAt: at,
  ...fields,
});
const since = (hours: number): Date => new Date(at.getTime() + hours * 3_600_000);

test("health is counted of what is in service, and of what was disabled", () => {
  const failing = { state: "failing" as const, since: at };
  const counts = countEndpoints([
    subscription("a"),
    subscription("b", { health: failing }),
    subscription("c", { status: "paused", health: failing }),
    subscription("d", { status: "disabled" }),
    subscription("e", { status: "draft" }),
  ]);
  expect(counts).toMatchObject({
    total: 5,
    byStatus: { active: 2, paused: 1, disabled: 1, draft: 1 },
    byHealth: { healthy: 1, failing: 1, disabled: 1, degraded: 0 },
  });
});

test("the worst come first, of those the longest, at most five, with what waits for them", () => {
  const given = [
    subscription("well"),
    subscription("degraded", { health: { state: "degraded", since: at } }),
    subscription("new", { name: "New", health: { state: "failing", since: since(2), reason: "It fails." } }),
    subscription("old", { health: { state: "failing", since: since(1) } }),
    subscription("gone", { status: "disabled", statusAt: since(3) }),
    subscription("paused", { status: "paused", health: { state: "failing", since: at } }),
    ...["x", "y", "z"].map((id) => subscription(id, { health: { state: "degraded", since: since(9) } })),
  ];
  const told = unhealthyEndpoints(given, new Map([["new", 7]]));
  expect(told.map(({ subscriptionId }) => subscriptionId)).toEqual(["gone", "old", "new", "degraded", "x"]);
  expect(told[2]).toEqual({
    subscriptionId: "new",
    name: "New",
    groupId: "grp_1",
    health: { state: "failing", since: since(2).toISOString(), reason: "It fails." },
    waiting: 7,
  });
  expect(unhealthyEndpoints(given, undefined)[0]).not.toHaveProperty("waiting");
});

test("a secret is in overlap while an earlier one still signs", () => {
  const secret = (expiresAt?: Date) => ({ secret: "whsec_x", createdAt: at, ...(expiresAt && { expiresAt }) });
  const given = [
    subscription("one", { secrets: [secret()] }),
    subscription("two", { secrets: [secret(), secret(since(1))] }),
    subscription("over", { secrets: [secret(), secret(since(-1))] }),
  ];
  expect(given.filter((each) => isInOverlap(each, at.getTime())).map(({ id }) => id)).toEqual(["two"]);
});

test("a consumer has to go on with a draft, an approval, a refusal, and a changed endpoint", () => {
  const waits = (fields: Partial<Subscription>) => waitsForConsumer(subscription("a", fields));
  expect([waits({ status: "draft" }), waits({ status: "approved" }), waits({ status: "rejected" })]).toEqual([
    true,
    true,
    true,
  ]);
  expect([waits({ status: "submitted" }), waits({ status: "active" })]).toEqual([false, false]);
  expect(waits({ status: "paused", needsVerification: true })).toBe(true);
});
