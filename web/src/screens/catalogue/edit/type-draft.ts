/** What is being typed about an event type. It is kept in this tab, so that it is still there after a new log-in. */
import { useDraft } from "../../../parts/draft.js";
import type { TypeDraft, TypeForm } from "./type-form.js";

type Kept = [draft: TypeDraft, set: (draft: TypeDraft) => void, drop: () => void];

export function useTypeDraft(name: string, { form, etag }: Pick<TypeDraft, "form" | "etag">): Kept {
  const [text, setText, drop] = useDraft(`event-type.${name}`, "");
  const kept = text === "" ? undefined : readTypeDraft(text);
  return [
    kept ?? { base: form, form, etag },
    (draft) => setText(JSON.stringify(draft)),
    () => {
      setText("");
      drop();
    },
  ];
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const TEXTS = ["description", "schema", "validation", "deprecatedAt", "sunsetAt", "replacedBy", "note"];

const isForm = (value: unknown): value is TypeForm =>
  isRecord(value) &&
  TEXTS.every((name) => typeof value[name] === "string") &&
  Array.isArray(value["examples"]) &&
  value["examples"].every((each) => typeof each === "string");

/** What this tab has kept. Undefined for what an earlier version of the page has written. */
export function readTypeDraft(text: string): TypeDraft | undefined {
  try {
    const kept: unknown = JSON.parse(text);
    if (!isRecord(kept) || !isForm(kept["base"]) || !isForm(kept["form"])) return undefined;
    const { etag } = kept;
    return { base: kept["base"], form: kept["form"], ...(typeof etag === "string" && { etag }) };
  } catch {
    return undefined;
  }
}
