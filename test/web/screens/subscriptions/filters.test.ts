import { expect, test } from "vitest";
import {
  isNarrowed,
  subscriptionFilterOf,
  subscriptionsSearch,
} from "../../../../web/src/screens/subscriptions/filters.js";

test("a link that was made for the API leads to the same list", () => {
  const search = subscriptionsSearch({ groupId: "grp_1", tz: "UTC", cursor: "c", unknown: "x" });
  expect(search).toEqual({ group: "grp_1", tz: "UTC", cursor: "c" });
  expect(subscriptionFilterOf(search)).toEqual({ groupId: "grp_1" });
  expect(isNarrowed(search)).toBe(true);
});

test("without a filter nothing is asked for", () => {
  expect(subscriptionFilterOf(subscriptionsSearch({ tz: "UTC" }))).toEqual({});
  expect(isNarrowed(subscriptionsSearch({ tz: "UTC" }))).toBe(false);
});
