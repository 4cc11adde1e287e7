import { expect, test } from "vitest";
import { stateOfHealthView } from "../../../src/api/subscriptions/health-view.js";
import type { Subscription } from "../../../src/store/model.js";

const at = new Date("2026-11-01T10:00:00Z");
const subscription = (fields: Partial<Subscription>): Subscription => ({
  id: "sub_1",
  groupId: "grp_1",
  url: "https://hooks.example.com/",
  eventTypes: [],
  secrets: [],
  status: "active",
  createdAt: at,
  updatedAt: at,
  ...fields,
});

test("without a note in its record an endpoint is healthy", () => {
  expect(stateOfHealthView(subscription({}))).toEqual({ state: "healthy" });
});

test("what the record notes is shown, with its times", () => {
  const nextProbeAt = new Date("2026-11-01T10:00:30Z");
  const disablesAt = new Date("2026-11-06T10:00:00Z");
  const health = { state: "failing" as const, since: at, reason: "It fails.", nextProbeAt, disablesAt };
  expect(stateOfHealthView(subscription({ health }))).toEqual({
    state: "failing",
    since: at.toISOString(),
    reason: "It fails.",
    nextProbeAt: nextProbeAt.toISOString(),
    disablesAt: disablesAt.toISOString(),
  });
});

test("a disabled subscription is shown as disabled, whatever its endpoint did before", () => {
  const health = { state: "failing" as const, since: new Date(0), nextProbeAt: new Date(0) };
  const stopped = subscription({ status: "disabled", statusAt: at, statusReason: "HTTP 410", health });
  expect(stateOfHealthView(stopped)).toEqual({ state: "disabled", since: at.toISOString(), reason: "HTTP 410" });
});
