import { expect, test } from "vitest";
import {
  choiceOf,
  lackingOf,
  newRecoveryFilterOf,
  newRecoverySearch,
  reachOf,
  recoveriesSearch,
} from "../../../../web/src/screens/recoveries/filters.js";

const EVERYWHERE = { severalGroups: true, allApis: true };
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
  expect(lackingOf({}, EVERYWHERE)).toBe("window");
  expect(lackingOf({ mode: "missing", since: "-1h" }, EVERYWHERE)).toBe("subscription");
  expect(lackingOf({ status: "delivered", since: "-1h" }, EVERYWHERE)).toBe("subscription");
  expect(newRecoveryFilterOf({ mode: "missing", since: "-1h" }, NOW, EVERYWHERE)).toBeUndefined();
  expect(newRecoveryFilterOf({ status: "parked" }, NOW, EVERYWHERE)).toBeUndefined();
});

test("what is missing has no status in its filter, and what was delivered is said twice", () => {
  const since = "2026-11-26T11:00:00.000Z";
  expect(
    newRecoveryFilterOf({ mode: "missing", subscription: "sub_1", since: "-1h", status: "parked" }, NOW, EVERYWHERE),
  ).toEqual({ mode: "missing", subscriptionId: "sub_1", since });
  expect(newRecoveryFilterOf({ subscription: "sub_1", since: "-1h", status: "delivered" }, NOW, EVERYWHERE)).toEqual({
    subscriptionId: "sub_1",
    since,
    status: ["delivered"],
    includeDelivered: true,
  });
  expect(newRecoveryFilterOf({ since: "-1h" }, NOW, EVERYWHERE)).toEqual({ since });
});

test("who reaches one group, or some apis, names it before anything is counted", () => {
  const oneGroup = { severalGroups: false, allApis: true };
  expect(lackingOf({ since: "-1h" }, oneGroup)).toBe("group");
  expect(lackingOf({ since: "-1h", group: "grp_1" }, oneGroup)).toBeUndefined();
  expect(lackingOf({ since: "-1h", subscription: "sub_1" }, oneGroup)).toBeUndefined();
  const someApis = { severalGroups: false, allApis: false };
  expect(lackingOf({ since: "-1h", group: "grp_1" }, someApis)).toBe("type");
  expect(lackingOf({ since: "-1h", group: "grp_1", type: "a.b" }, someApis)).toBeUndefined();
  expect(newRecoveryFilterOf({ since: "-1h" }, NOW, oneGroup)).toBeUndefined();
});

test("operators reach every group, a consumer its only one, and a provider with apis of its own those", () => {
  const group = (id: string) => ({ id, name: id });
  expect(reachOf({ role: "operator" })).toEqual(EVERYWHERE);
  expect(reachOf({ role: "admin" })).toEqual(EVERYWHERE);
  expect(reachOf({ role: "consumer", groups: [group("grp_1")] })).toEqual(EVERYWHERE);
  expect(reachOf({ role: "consumer", groups: [group("grp_1"), group("grp_2")] }).severalGroups).toBe(false);
  expect(reachOf({ role: "provider" })).toEqual({ severalGroups: false, allApis: true });
  expect(reachOf({ role: "provider", apis: [group("api_1")] })).toEqual({ severalGroups: false, allApis: false });
});
