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
