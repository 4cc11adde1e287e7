import { expect, test } from "vitest";
import { contentOf } from "../../../../../web/src/screens/catalogue/edit/type-content.js";
import {
  readTypeForm,
  rebasedType,
  typeChange,
  typeFormOf,
} from "../../../../../web/src/screens/catalogue/edit/type-form.js";

const at = "2026-11-26T10:00:00.123Z";
const type = {
  name: "billing.paid",
  apiId: "api_1",
  description: "An invoice was paid.",
  version: 2,
  schema: { type: "object", properties: { amount: { type: "number" } } },
  examples: [{ amount: 12.5 }],
  validation: "warn" as const,
  deprecation: { at, note: "Two names." },
  createdAt: at,
  updatedAt: at,
};
const form = typeFormOf(type);
const contentIn = (typed: typeof form) => {
  const read = readTypeForm(typed);
  return read.ok ? read.content : {};
};

test("a form that nobody has typed in says what the event type says, and comes to no change", () => {
  expect(contentIn(form)).toEqual(contentOf(type));
  expect(typeChange(contentOf(type), contentIn(form))).toEqual({});
});

test("other blanks in a schema are no change, and another member is", () => {
  const typed = { ...form, schema: JSON.stringify(type.schema) };
  expect(typeChange(contentOf(type), contentIn(typed))).toEqual({});
  expect(typeChange(contentOf(type), contentIn({ ...form, schema: '{"type":"object"}' }))).toEqual({
    schema: { type: "object" },
  });
});

test("an emptied field is taken away, and a deprecation with its checkbox", () => {
  const typed = { ...form, description: " ", schema: "", examples: [" "], deprecatedAt: "" };
  expect(typeChange(contentOf(type), contentIn(typed))).toEqual({
    description: null,
    schema: null,
    examples: null,
    deprecation: null,
  });
});

test("what was typed stands on top of what another person has saved, field by field", () => {
  const latest = { ...form, description: "Paid in full.", note: "Another note." };
  const draft = { base: form, form: { ...form, sunsetAt: at, validation: "enforce" as const }, etag: '"1"' };
  const rebased = rebasedType(draft, latest, '"2"');
  expect(rebased.etag).toBe('"2"');
  expect(rebased.base).toEqual(latest);
  // A deprecation is one field: mine counts as a whole.
  expect(rebased.form).toEqual({ ...latest, validation: "enforce", sunsetAt: at, note: "Two names." });
});

test("text that is no JSON is a fault of its field, with the place where it ends to be JSON", () => {
  const typed = { ...form, schema: '{\n  "type" "object"\n}', examples: ["1", "{"] };
  expect(readTypeForm(typed)).toEqual({
    ok: false,
    faults: [
      { field: "schema", fault: "json", at: { line: 2, column: 10 } },
      { field: "examples", index: 1, at: { line: 1, column: 2 } },
    ],
  });
  expect(readTypeForm({ ...form, schema: "[]" })).toMatchObject({ faults: [{ field: "schema", fault: "object" }] });
});
