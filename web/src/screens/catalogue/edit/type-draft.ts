/** What is being typed about an event type. It is kept in this tab, so that it is still there after a new log-in. */
import { readFormDraft, useFormDraft } from "../../../parts/draft.js";
import type { TypeDraft, TypeForm } from "./type-form.js";

const TEXTS = ["description", "schema", "validation", "deprecatedAt", "sunsetAt", "replacedBy", "note"];

/** Whether what was kept has the parts of the form. */
export const isTypeForm = ({ examples, ...texts }: Readonly<Record<string, unknown>>): boolean =>
  TEXTS.every((name) => typeof texts[name] === "string") &&
  Array.isArray(examples) &&
  examples.every((each) => typeof each === "string");

export const readTypeDraft = (text: string): TypeDraft | undefined => readFormDraft<TypeForm>(text, isTypeForm);

export const useTypeDraft = (name: string, current: Pick<TypeDraft, "form" | "etag">) =>
  useFormDraft(`event-type.${name}`, current, readTypeDraft);
