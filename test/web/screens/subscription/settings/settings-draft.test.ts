import { expect, test } from "vitest";
import { settingsFormOf } from "../../../../../web/src/screens/subscription/settings/form.js";
import { readDraft } from "../../../../../web/src/screens/subscription/settings/settings-draft.js";

const form = settingsFormOf({ name: "acme.example", url: "https://acme.example", eventTypes: ["a.a"] });

test("what this page has kept is read again", () => {
  const draft = { base: form, form: { ...form, name: "Books" }, etag: '"1"' };
  expect(readDraft(JSON.stringify(draft))).toEqual(draft);
});

test.each(["", "{", "null", "[]", '{"form":{}}', JSON.stringify({ base: form, form: { ...form, filter: 1 } })])(
  "%s is no draft",
  (text) => {
    expect(readDraft(text)).toBeUndefined();
  },
);
