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

test("what is no JSON is a fault of its field", () => {
  expect(readTypeForm({ ...form, schema: "{", examples: ["1", "{"] })).toEqual({
    ok: false,
    faults: [
      { field: "schema", fault: "json" },
      { field: "examples", index: 1 },
    ],
  });
  expect(readTypeForm({ ...form, schema: "[]" })).toEqual({
    ok: false,
    faults: [{ field: "schema", fault: "object" }],
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
