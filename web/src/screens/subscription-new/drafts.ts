/** What is typed before the draft is saved. It stays in this tab, so that a new log-in loses nothing. */
import { useDraft } from "../../parts/draft.js";

export interface FirstFields {
  url: string;
  name: string;
  groupId: string;
  types: string[];
}

const empty: FirstFields = { url: "", name: "", groupId: "", types: [] };

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** What this tab has kept. What is of another form is left out. */
export function readFirstFields(text: string): FirstFields {
  let kept: unknown;
  try {
    kept = JSON.parse(text);
  } catch {
    return empty;
  }
  if (!isObject(kept)) return empty;
  const { url, name, groupId, types } = kept;
  return {
    url: typeof url === "string" ? url : "",
    name: typeof name === "string" ? name : "",
    groupId: typeof groupId === "string" ? groupId : "",
    types: Array.isArray(types) ? types.filter((each) => typeof each === "string") : [],
  };
}

export function useFirstFields(): [FirstFields, (changes: Partial<FirstFields>) => void, () => void] {
  const [text, setText, drop] = useDraft("new-subscription", "");
  const fields = readFirstFields(text);
  return [
    fields,
    (changes) => setText(JSON.stringify({ ...fields, ...changes })),
    () => {
      setText("");
      drop();
    },
  ];
}
