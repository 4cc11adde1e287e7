/** What is being typed about an event type. It is kept in this tab, so that it is still there after a new log-in. */
import { readFormDraft, useFormDraft } from "../../../parts/draft.js";
import type { TypeDraft, TypeForm } from "./type-form.js";

const TEXTS = ["description", "schema", "validation", "deprecatedAt", "sunsetAt", "replacedBy", "note"];

export const readTypeDraft = (text: string): TypeDraft | undefined =>
  readFormDraft<TypeForm>(
    text,
    ({ examples, ...texts }) =>
      TEXTS.every((name) => typeof texts[name] === "string") &&
      Array.isArray(examples) &&
      examples.every((each) => typeof each === "string"),
  );

export const useTypeDraft = (name: string, current: Pick<TypeDraft, "form" | "etag">) =>
  useFormDraft(`event-type.${name}`, current, readTypeDraft);
