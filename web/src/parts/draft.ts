/** Text that is being typed. */
import { useState } from "react";

/** Follows a value of elsewhere, such as the address, and can be typed over until that changes again. */
export function useSyncedText(value: string): [text: string, set: (text: string) => void] {
  const [text, setText] = useState(value);
  const [known, setKnown] = useState(value);
  if (known !== value) {
    setKnown(value);
    setText(value);
  }
  return [text, setText];
}

/** A text that is larger than the browser keeps stays on the page alone. */
function keep(key: string, text: string): void {
  try {
    sessionStorage.setItem(key, text);
  } catch (error) {
    if (!(error instanceof DOMException)) throw error;
    sessionStorage.removeItem(key);
  }
}

/** The same, and kept in this tab until it is used, so that it is still there after a new log-in. */
export function useDraft(name: string, value: string): [text: string, set: (text: string) => void, drop: () => void] {
  const key = `sealpost.draft.${name}`;
  const [draft, setDraft] = useState(() => sessionStorage.getItem(key));
  const [text, setText] = useSyncedText(value);
  const set = (next: string): void => {
    keep(key, next);
    setDraft(null);
    setText(next);
  };
  const drop = (): void => {
    sessionStorage.removeItem(key);
    setDraft(null);
  };
  return [draft ?? text, set, drop];
}

/** A form that is being filled in. */
export interface FormDraft<Form> {
  /** What was there when it was begun. */
  base: Form;
  form: Form;
  /** The state that it is typed over. */
  etag?: string | undefined;
}

/** A form, kept in this tab in the same way. `read` is `readFormDraft` with the check of this form. */
export function useFormDraft<Form>(
  name: string,
  { form, etag }: Pick<FormDraft<Form>, "form" | "etag">,
  read: (text: string) => FormDraft<Form> | undefined,
): [draft: FormDraft<Form>, set: (draft: FormDraft<Form>) => void, drop: () => void] {
  const [text, setText, drop] = useDraft(name, "");
  const kept = text === "" ? undefined : read(text);
  return [
    kept ?? { base: form, form, etag },
    (draft) => setText(JSON.stringify(draft)),
    () => {
      setText("");
      drop();
    },
  ];
}

/** Members of what was read, none of which is known yet. */
type Read = Readonly<Record<string, unknown>>;
const isRead = (value: unknown): value is Read => typeof value === "object" && value !== null;

/** What this tab has kept. Undefined for what an earlier version of the page has written. */
export function readFormDraft<Form>(text: string, isForm: (read: Read) => boolean): FormDraft<Form> | undefined {
  const is = (value: unknown): value is Form => isRead(value) && isForm(value);
  try {
    const kept: unknown = JSON.parse(text);
    if (!isRead(kept)) return undefined;
    const { base, form, etag } = kept;
    return is(base) && is(form) ? { base, form, ...(typeof etag === "string" && { etag }) } : undefined;
  } catch {
    return undefined;
  }
}
