import { expect, test } from "vitest";
import {
  deliveriesSearch,
  filterOf,
  instantOf,
  isFiltered,
  notRecoverable,
  recoveryFilterOf,
  statusesOf,
} from "../../../../../web/src/screens/deliveries/filters/filters.js";

const NOW = Date.parse("2026-11-26T12:00:00Z");

test("the address is what the API is asked, and no more", () => {
  const search = deliveriesSearch({
    status: "parked,unheard_of,delivered",
    type: "payments.invoice.paid",
    group: "grp_1",
    http: "400,5xx",
    since: "-24h",
    tz: "UTC",
    cursor: "c",
    colour: "red",
    q: "",
  });
  expect(search).not.toHaveProperty("colour");
  expect(filterOf(search)).toEqual({
    status: "delivered,parked",
    eventType: "payments.invoice.paid",
    groupId: "grp_1",
    httpStatus: "400,5xx",
    since: "-24h",
  });
  expect(statusesOf({ status: "nothing,of,this" })).toEqual([]);
});

test("an address with the API's own names is the same list", () => {
  expect(deliveriesSearch({ subscriptionId: "sub_1", eventType: "a.b", groupId: "grp_1", type: "c.d" })).toEqual({
    subscription: "sub_1",
    type: "c.d",
    group: "grp_1",
  });
});

test("the frame's own parameters narrow nothing", () => {
  expect([isFiltered({ tz: "UTC", group: "g", cursor: "c" }), isFiltered({ q: "x" })]).toEqual([false, true]);
});

test.each([
  ["-15m", "2026-11-26T11:45:00.000Z"],
  ["-24h", "2026-11-25T12:00:00.000Z"],
  ["-7d", "2026-11-19T12:00:00.000Z"],
  ["2026-11-26T12:00:00+05:30", "2026-11-26T06:30:00.000Z"],
  ["15m", undefined],
  ["-7w", undefined],
  [undefined, undefined],
])("%s is an instant", (text, instant) => {
  expect(instantOf(text, NOW)?.toISOString()).toBe(instant);
});

test("a recovery takes the window, the place and the status, and says what it cannot take", () => {
  expect(recoveryFilterOf({ since: "-1h", status: "parked", subscription: "sub_1" }, NOW)).toEqual({
    since: "2026-11-26T11:00:00.000Z",
    status: ["parked"],
    subscriptionId: "sub_1",
  });
  expect(recoveryFilterOf({ status: "parked" }, NOW), "no window").toBeUndefined();
  expect(recoveryFilterOf({ since: "-1h", status: "delivered", subscription: "sub_1" }, NOW)).toMatchObject({
    includeDelivered: true,
  });
  expect(recoveryFilterOf({ since: "-1h", status: "delivered" }, NOW), "to everybody").not.toHaveProperty(
    "includeDelivered",
  );
  expect(notRecoverable({ http: "4xx", q: "x", status: "parked", outcome: "http_4xx" })).toEqual([
    "http",
    "outcome",
    "q",
  ]);
});

test("an api hinders a recovery, unless an event type says more", () => {
  const search = deliveriesSearch({ apiId: "api_1" });
  expect(filterOf(search)).toEqual({ apiId: "api_1" });
  expect(isFiltered(search)).toBe(false);
  expect(notRecoverable(search)).toEqual(["api"]);
  expect(notRecoverable({ ...search, type: "a.b" })).toEqual([]);
});

test("the widest window is within the 30 days that a recovery takes, by another clock too", () => {
  expect(recoveryFilterOf({ since: "-30d" }, NOW)?.since).toBe("2026-10-27T12:01:00.000Z");
});
