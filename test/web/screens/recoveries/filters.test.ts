import { expect, test } from "vitest";
import {
  choiceOf,
  lackingOf,
  newRecoveryFilterOf,
  newRecoverySearch,
  recoveriesSearch,
} from "../../../../web/src/screens/recoveries/filters.js";

const NOW = Date.parse("2026-11-26T12:00:00.000Z");

test("the address holds a status and a mode that exist", () => {
  expect(recoveriesSearch({ status: "waiting", cursor: "c", other: "x" })).toEqual({ status: "waiting", cursor: "c" });
  expect(recoveriesSearch({ status: "elsewhere" })).toEqual({});
  expect(newRecoverySearch({ mode: "missing", subscriptionId: "sub_1" })).toEqual({
    mode: "missing",
    subscription: "sub_1",
  });
  expect(newRecoverySearch({ mode: "other" })).toEqual({});
});

test("a choice is told by its status, and a list of statuses of one's own is none", () => {
  expect(choiceOf({})).toBe("");
  expect(choiceOf({ status: "parked,exhausted" })).toBe("");
  expect(choiceOf({ status: "cancelled" })).toBe("cancelled");
  expect(choiceOf({ mode: "missing", status: "parked" })).toBe("missing");
  expect(choiceOf({ status: "parked,retrying" })).toBeUndefined();
});

test("nothing is counted without a window, or without the endpoint where one is needed", () => {
  expect(lackingOf({})).toBe("window");
  expect(lackingOf({ mode: "missing", since: "-1h" })).toBe("subscription");
  expect(lackingOf({ status: "delivered", since: "-1h" })).toBe("subscription");
  expect(newRecoveryFilterOf({ mode: "missing", since: "-1h" }, NOW)).toBeUndefined();
  expect(newRecoveryFilterOf({ status: "parked" }, NOW)).toBeUndefined();
});

test("what is missing has no status in its filter, and what was delivered is said twice", () => {
  const since = "2026-11-26T11:00:00.000Z";
  expect(newRecoveryFilterOf({ mode: "missing", subscription: "sub_1", since: "-1h", status: "parked" }, NOW)).toEqual({
    mode: "missing",
    subscriptionId: "sub_1",
    since,
  });
  expect(newRecoveryFilterOf({ subscription: "sub_1", since: "-1h", status: "delivered" }, NOW)).toEqual({
    subscriptionId: "sub_1",
    since,
    status: ["delivered"],
    includeDelivered: true,
  });
  expect(newRecoveryFilterOf({ since: "-1h" }, NOW)).toEqual({ since });
});
