import { expect, test } from "vitest";
import {
  isOpen,
  mostFailAgain,
  searchOf,
  speedOf,
  timeLeftOf,
  unsentOf,
} from "../../../../web/src/parts/recovery/model.js";

const progress = { found: 100, sent: 50, delivered: 45, failedAgain: 3, underWay: 2, skipped: { erased: 10 } };
const running = {
  status: "running" as const,
  count: 110,
  progress,
  startedAt: "2026-11-26T10:00:00.000Z",
  updatedAt: "2026-11-26T10:00:10.000Z",
};

test("speed and time left are those of what was handed over so far", () => {
  expect(speedOf(running)).toBe(5);
  expect(timeLeftOf(running)).toBe(10_000);
  // All is handed over, so there is no time left to tell.
  expect(timeLeftOf({ ...running, count: 60 })).toBeUndefined();
  expect(timeLeftOf({ ...running, count: 20 })).toBeUndefined();
});

test("nothing is said before there is something to reckon with", () => {
  const { startedAt: _before, ...unstarted } = running;
  const { count: _count, ...uncounted } = running;
  expect(speedOf(unstarted)).toBeUndefined();
  expect(speedOf({ ...running, progress: { ...progress, sent: 0 } })).toBeUndefined();
  expect(speedOf({ ...running, updatedAt: running.startedAt })).toBeUndefined();
  expect(timeLeftOf(uncounted)).toBeUndefined();
  expect(timeLeftOf({ ...running, status: "paused" })).toBeUndefined();
});

test("what was counted, and neither sent nor left out, was not sent", () => {
  expect(unsentOf(running)).toBe(50);
  expect(unsentOf({ progress })).toBe(0);
  expect(unsentOf({ ...running, count: 20 })).toBe(0);
});

test("most fail again from ten results on", () => {
  const of = (delivered: number, failedAgain: number) =>
    mostFailAgain({ progress: { ...progress, delivered, failedAgain } });
  expect([of(0, 9), of(4, 6), of(5, 5), of(0, 10)]).toEqual([false, true, false, true]);
});

test("what has ended is not open", () => {
  const open = ["waiting", "running", "paused", "done", "cancelled", "refused", "expired", "failed"] as const;
  expect(open.filter((status) => isOpen({ status }))).toEqual(["waiting", "running", "paused"]);
});

test("the address of a repetition has the same filter", () => {
  const [since, until] = ["2026-11-26T10:00:00.000Z", "2026-11-26T11:00:00.000Z"];
  expect(
    searchOf({ filter: { status: ["parked", "exhausted"], groupId: "grp_1", eventType: "a.b", since, until } }),
  ).toEqual({ status: "parked,exhausted", group: "grp_1", type: "a.b", since, until });
  expect(searchOf({ filter: { mode: "missing", subscriptionId: "sub_1", since } })).toEqual({
    mode: "missing",
    subscription: "sub_1",
    since,
  });
});
