import { expect, test } from "vitest";
import { readTypeDraft } from "../../../../../web/src/screens/catalogue/edit/type-draft.js";

const form = {
  description: "",
  schema: "{}",
  examples: ["1"],
  validation: "off" as const,
  deprecatedAt: "",
  sunsetAt: "",
  replacedBy: "",
  note: "",
};

test("what this page has kept is read again", () => {
  const draft = { base: form, form: { ...form, description: "Paid" }, etag: '"1"' };
  expect(readTypeDraft(JSON.stringify(draft))).toEqual(draft);
});

test.each(["", "{", "null", '{"form":{}}', JSON.stringify({ base: form, form: { ...form, examples: [1] } })])(
  "%s is no draft",
  (text) => {
    expect(readTypeDraft(text)).toBeUndefined();
  },
);
