import { expect, test } from "vitest";
import { withSettingChange } from "../../../../src/api/subscriptions/steps/setting-changes.js";
import type { Subscription } from "../../../../src/store/model.js";

const at = new Date("2026-01-01T00:00:00Z");
const before: Subscription = {
  id: "sub_1",
  groupId: "grp_1",
  url: "https://example.com/hook?token=canary",
  eventTypes: ["a.b"],
  secrets: [{ secret: "whsec_canary", createdAt: at }],
  status: "active",
  createdAt: at,
  updatedAt: at,
};
const valuesOf = (change: Partial<Subscription>) =>
  withSettingChange(before, { ...before, ...change }, "c1").changes?.[0]?.values;

test("each setting is told as people read it", () => {
  expect(valuesOf({ rateLimit: { perSecond: 7, burst: 9 } })).toEqual([
    { field: "rateLimit", after: "perSecond: 7, burst: 9" },
  ]);
  expect(valuesOf({ retry: { timeoutMs: 5_000, scheduleSeconds: [1, 2] } })).toEqual([
    { field: "retry", after: "timeoutMs: 5000, scheduleSeconds: 1, 2" },
  ]);
  expect(valuesOf({ signing: { schemes: ["v1", "v1a"] } })).toEqual([{ field: "signing", after: "schemes: v1, v1a" }]);
  expect(valuesOf({ disableAfterDays: 0, labels: { team: "billing" } })).toEqual([
    { field: "labels", after: "team: billing" },
    { field: "disableAfterDays", after: "0" },
  ]);
});

test("event types that wait for approval are what was set", () => {
  expect(valuesOf({ requestedEventTypes: ["a.b", "a.c"] })).toEqual([
    { field: "eventTypes", before: "a.b", after: "a.b, a.c" },
  ]);
});

test("of what holds secrets it is told that it was changed, and the query of a URL is left out", () => {
  const secrets: Partial<Subscription> = {
    auth: { type: "basic", username: "canary", password: "canary" },
    headers: { "x-canary": "canary" },
    tls: { ca: "canary" },
    secrets: [{ secret: "whsec_other-canary", createdAt: at }],
  };
  const hidden = (...fields: string[]) => fields.map((field) => ({ field, hidden: true }));
  expect(valuesOf(secrets)).toEqual(hidden("auth", "headers", "tls"));
  expect(valuesOf({ url: "https://example.com/hook?token=other-canary" })).toEqual(hidden("url"));
  expect(JSON.stringify(valuesOf({ url: "https://example.com/next?token=canary" }))).not.toContain("canary");
  expect(valuesOf({ ...before, eventTypes: [...before.eventTypes] }), "the same again").toBeUndefined();
});

test("of a chat channel its format and host are told, and a new path only as a change", () => {
  const url = "https://hooks.slack.com/services/T0/B0/canary";
  const chat = { format: "slack", url } as const;
  expect(valuesOf({ chat })).toEqual([{ field: "chat", after: "format: slack, host: hooks.slack.com" }]);
  const linked = { ...before, chat };
  const next = (to: Subscription["chat"]) => withSettingChange(linked, { ...before, ...(to && { chat: to }) }, "c2");
  expect(next({ format: "slack", url: `${url}2` }).changes?.[0]?.values).toEqual([{ field: "chat", hidden: true }]);
  expect(next(undefined).changes?.[0]?.values).toEqual([
    { field: "chat", before: "format: slack, host: hooks.slack.com" },
  ]);
});

test("one change that is too large for all of them is kept alone", () => {
  const text = "x".repeat(500);
  const contacts = Array.from({ length: 5 }, () => text);
  let subscription = before;
  for (let turn = 0; turn < 30; turn++) {
    const next = { ...subscription, name: `${turn}${text}`, description: `${turn}${text}`, contacts, filter: text };
    subscription = withSettingChange(subscription, next, `c${turn}`);
  }
  expect(subscription.changes?.[0]?.id).toBe("c29");
  expect(subscription.changes?.length).toBeGreaterThan(1);
  expect(JSON.stringify(subscription.changes).length).toBeLessThan(4_200);
});
