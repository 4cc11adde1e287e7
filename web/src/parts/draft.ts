/** Text that is being typed. It is kept in this tab, so that it is still there after a new log-in. */
import { useState } from "react";

export function useDraft(name: string, initial: string): [text: string, set: (text: string) => void, drop: () => void] {
  const key = `sealpost.draft.${name}`;
  const [text, setText] = useState(initial || (sessionStorage.getItem(key) ?? ""));
  const set = (next: string): void => {
    sessionStorage.setItem(key, next);
    setText(next);
  };
  return [text, set, () => sessionStorage.removeItem(key)];
}
