/** A new event type as it is typed, and what the API is asked to make of it. */
import { isOwnType } from "../../../api/own-api.js";
import type { Schemas } from "../../../api/client.js";
import { readFormDraft, useFormDraft } from "../../../parts/draft.js";
import { isTypeForm } from "../edit/type-draft.js";
import { readTypeForm, type TypeForm } from "../edit/type-form.js";

export interface NewTypeForm extends TypeForm {
  name: string;
}

const BLANK: NewTypeForm = {
  name: "",
  description: "",
  schema: "",
  examples: [""],
  validation: "off",
  deprecatedAt: "",
  sunsetAt: "",
  replacedBy: "",
  note: "",
};

export const readNewTypeDraft = (text: string) =>
  readFormDraft<NewTypeForm>(text, (read) => typeof read["name"] === "string" && isTypeForm(read));

/** Kept in this tab until it is used. */
export const useNewTypeDraft = () => useFormDraft("new-event-type", { form: BLANK }, readNewTypeDraft);

/** As the API takes a name (src/api/http/primitives.ts). */
const NAME = /^[A-Za-z0-9_-]+([./:][A-Za-z0-9_-]+)*$/;

/** What is wrong with the name. Nothing is said before anything is typed. */
export function nameFault(name: string): "name" | "reserved" | undefined {
  if (name === "") return undefined;
  if (isOwnType(name)) return "reserved";
  return NAME.test(name) && name.length <= 128 ? undefined : "name";
}

/** The body of the request. Undefined while something is missing or wrong. */
export function newTypeOf(form: NewTypeForm, apiId: string): Schemas["EventTypeInput"] | undefined {
  const read = readTypeForm(form);
  if (!read.ok || apiId === "" || form.name === "" || nameFault(form.name) !== undefined) return undefined;
  return { name: form.name, apiId, ...read.content };
}
