import { expect, test } from "vitest";
import {
  nameFault,
  newTypeOf,
  type NewTypeForm,
  readNewTypeDraft,
} from "../../../../../web/src/screens/catalogue/new/new-type-form.js";

const form: NewTypeForm = {
  name: "billing.paid",
  description: " Paid in full. ",
  schema: '{"type":"object"}',
  examples: ["", '{"amount":1}'],
  validation: "enforce",
  deprecatedAt: "",
  sunsetAt: "",
  replacedBy: "",
  note: "",
};

test("the body has what was typed, and nothing for what was left empty", () => {
  expect(newTypeOf(form, "api_1")).toEqual({
    name: "billing.paid",
    apiId: "api_1",
    description: "Paid in full.",
    schema: { type: "object" },
    examples: [{ amount: 1 }],
    validation: "enforce",
  });
  const bare = { ...form, description: "", schema: " ", examples: [""], validation: "off" as const };
  expect(newTypeOf(bare, "api_1")).toEqual({ name: "billing.paid", apiId: "api_1", validation: "off" });
});

test.each([
  ["no name", { name: "" }, "api_1"],
  ["a name that is none", { name: "billing..paid" }, "api_1"],
  ["a schema that is no JSON", { schema: "{" }, "api_1"],
  ["an example that is no JSON", { examples: ["}"] }, "api_1"],
  ["no api", {}, ""],
])("with %s there is no body", (_what, typed, apiId) => {
  expect(newTypeOf({ ...form, ...typed }, apiId)).toBeUndefined();
});

test("a name is said to be wrong only when something is typed", () => {
  expect(nameFault("")).toBeUndefined();
  expect(nameFault("a/b:c_d-1.E")).toBeUndefined();
  for (const name of [".a", "a.", "a b", "ä", "a".repeat(129)]) expect(nameFault(name), name).toBe("name");
  expect(nameFault("sealpost.test")).toBe("reserved");
  expect(nameFault("sealposts.test")).toBeUndefined();
});

test("what this page has kept is read again, and what another page has kept is not", () => {
  const draft = { base: form, form };
  expect(readNewTypeDraft(JSON.stringify(draft))).toEqual(draft);
  const { name: _name, ...other } = form;
  expect(readNewTypeDraft(JSON.stringify({ base: other, form: other }))).toBeUndefined();
});
