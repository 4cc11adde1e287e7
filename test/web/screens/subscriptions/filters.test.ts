import { expect, test } from "vitest";
import { SUBSCRIPTION_STATUSES as OF_THE_SERVICE } from "../../../../src/store/model.js";
import {
  isNarrowed,
  SUBSCRIPTION_STATUSES,
  subscriptionFilterOf,
  subscriptionsSearch,
} from "../../../../web/src/screens/subscriptions/filters.js";

const NOW = Date.parse("2026-11-26T14:30:00Z");

test("a link that was made for the API leads to the same list", () => {
  const search = subscriptionsSearch({ groupId: "grp_1", eventType: "a.b", tz: "UTC", cursor: "c", unknown: "x" });
  expect(search).toEqual({ group: "grp_1", type: "a.b", tz: "UTC", cursor: "c" });
  expect(subscriptionFilterOf(search, NOW)).toEqual({ groupId: "grp_1", eventType: "a.b" });
  expect(isNarrowed(search)).toBe(true);
});

test("what does not exist is not asked for", () => {
  expect(subscriptionFilterOf(subscriptionsSearch({ tz: "UTC" }), NOW)).toEqual({});
  const elsewhere = { status: "elsewhere", ends: "8", technique: "rot13" };
  expect(subscriptionFilterOf(subscriptionsSearch(elsewhere), NOW)).toEqual({});
  expect(subscriptionFilterOf(subscriptionsSearch({ technique: "mtls" }), NOW)).toEqual({ technique: "mtls" });
  expect(isNarrowed(subscriptionsSearch({ tz: "UTC" }))).toBe(false);
});

test("an api of the frame's switch, and what the overview counts, are asked for", () => {
  const search = subscriptionsSearch({ apiId: "api_1", only: "toFinish" });
  expect(subscriptionFilterOf(search, NOW)).toEqual({ apiId: "api_1", toFinish: "true" });
  expect(isNarrowed(subscriptionsSearch({ api: "api_1" }))).toBe(true);
  expect(subscriptionFilterOf(subscriptionsSearch({ only: "elsewhere" }), NOW)).toEqual({});
});

test("days until a certificate ends are counted from the next full hour", () => {
  const search = subscriptionsSearch({ ends: "30", status: "active", q: "ledger", url: "https://acme.example" });
  expect(subscriptionFilterOf(search, NOW)).toEqual({
    status: "active",
    q: "ledger",
    url: "https://acme.example",
    certificateEndsBefore: "2026-12-26T15:00:00.000Z",
  });
  expect(subscriptionFilterOf(search, NOW + 60_000)).toEqual(subscriptionFilterOf(search, NOW));
});

test("every status of the service can be filtered by", () => {
  expect(SUBSCRIPTION_STATUSES).toEqual(OF_THE_SERVICE);
});
