import { expect, test } from "vitest";
import {
  changedFields,
  readSettings,
  rebased,
  settingsFormOf,
} from "../../../../../web/src/screens/subscription/settings/form.js";

const base = settingsFormOf({
  name: "Ledger",
  url: "https://acme.example/hooks",
  eventTypes: ["a.b", "a.a"],
  rateLimit: { perSecond: 5, burst: 10 },
  retry: { timeoutMs: 2_500, scheduleSeconds: [1, 5] },
});

test("what was not typed over is not sent", () => {
  expect(readSettings({ base, form: base })).toEqual({ ok: true, change: {} });
  expect(readSettings({ base, form: { ...base, name: " Books " } })).toEqual({ ok: true, change: { name: "Books" } });
});

test("an emptied field takes the setting away", () => {
  const form = { ...base, name: "", filter: "", perSecond: "", burst: "", timeoutSeconds: "", schedule: " " };
  expect(readSettings({ base, form })).toEqual({ ok: true, change: { name: null, rateLimit: null, retry: null } });
});

test("days without a success are a whole number, 0 means never, and empty means as the service has it", () => {
  const own = settingsFormOf({ url: base.url, eventTypes: base.eventTypes, disableAfterDays: 0 });
  expect(own.disableAfterDays).toBe("0");
  const read = (disableAfterDays: string) => readSettings({ base: own, form: { ...own, disableAfterDays } });
  expect(read(" 14 ")).toEqual({ ok: true, change: { disableAfterDays: 14 } });
  expect(read("")).toEqual({ ok: true, change: { disableAfterDays: null } });
  for (const wrong of ["1.5", "-1", "366", "a week"])
    expect(read(wrong), wrong).toEqual({ ok: false, faults: [{ field: "disableAfterDays", fault: "days" }] });
});

test("a setting of several fields is sent whole", () => {
  expect(readSettings({ base, form: { ...base, burst: "20" } })).toEqual({
    ok: true,
    change: { rateLimit: { perSecond: 5, burst: 20 } },
  });
  expect(readSettings({ base, form: { ...base, maxAttempts: "3" } })).toEqual({
    ok: true,
    change: { retry: { timeoutMs: 2_500, maxAttempts: 3, scheduleSeconds: [1, 5] } },
  });
});

test.each([
  [{ url: "acme.example" }, { field: "url", fault: "url" }],
  [{ eventTypes: [] }, { field: "eventTypes", fault: "needed" }],
  [{ perSecond: "many" }, { field: "perSecond", fault: "number" }],
  [{ perSecond: "" }, { field: "burst", fault: "together" }],
  [{ timeoutSeconds: "-1" }, { field: "timeoutSeconds", fault: "number" }],
  [{ schedule: "1, two" }, { field: "schedule", fault: "numbers" }],
])("%o cannot be saved", (fields, fault) => {
  expect(readSettings({ base, form: { ...base, ...fields } })).toEqual({ ok: false, faults: [fault] });
});

test("the language of the group is what an absent one means", () => {
  expect(base.language).toBe("");
  expect(readSettings({ base, form: { ...base, language: "de" } })).toEqual({ ok: true, change: { language: "de" } });
  const german = settingsFormOf({ url: base.url, eventTypes: base.eventTypes, language: "de" });
  expect(readSettings({ base: german, form: { ...german, language: "" } })).toEqual({
    ok: true,
    change: { language: null },
  });
});

test("event types that wait for approval are among those that are chosen, in order", () => {
  const form = settingsFormOf({
    name: "acme.example",
    url: "https://acme.example",
    eventTypes: ["a.a"],
    requestedEventTypes: ["a.b", "a.a"],
  });
  expect(form.eventTypes).toEqual(["a.a", "a.b"]);
});

test("what somebody else saved meanwhile stays, and what was typed lies on top", () => {
  const draft = { base, form: { ...base, name: "Books" }, etag: '"1"' };
  const latest = { ...base, url: "https://acme.example/new", name: "Other" };
  const next = rebased(draft, latest, '"2"');
  expect(next.etag).toBe('"2"');
  expect(next.form).toEqual({ ...latest, name: "Books" });
  expect(changedFields(next.form, next.base)).toEqual(["name"]);
  expect(readSettings(next)).toEqual({ ok: true, change: { name: "Books" } });
});

test("contacts and labels are read from their text, and what is no address or label is said", () => {
  const form = { ...base, contacts: "a@acme.example, b@acme.example", labels: "team = billing\n\nstage=live=yes" };
  expect(readSettings({ base, form })).toEqual({
    ok: true,
    change: { contacts: ["a@acme.example", "b@acme.example"], labels: { team: "billing", stage: "live=yes" } },
  });
  const labelled = settingsFormOf({
    url: base.url,
    eventTypes: ["a.a"],
    labels: { team: "x" },
    contacts: ["a@b.example"],
  });
  expect(readSettings({ base: labelled, form: { ...labelled, labels: "", contacts: " " } })).toEqual({
    ok: true,
    change: { labels: null, contacts: null },
  });
  expect(readSettings({ base, form: { ...base, contacts: "acme" } })).toEqual({
    ok: false,
    faults: [{ field: "contacts", fault: "mail" }],
  });
  expect(readSettings({ base, form: { ...base, labels: "team" } })).toEqual({
    ok: false,
    faults: [{ field: "labels", fault: "labels" }],
  });
});
