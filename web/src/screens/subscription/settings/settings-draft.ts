/** What is being typed in the settings. It is kept in this tab, so that it is still there after a new log-in. */
import { useDraft } from "../../../parts/draft.js";
import type { SettingsDraft, SettingsForm } from "./form.js";

interface Current {
  form: SettingsForm;
  etag: string | undefined;
}

type Kept = [draft: SettingsDraft, set: (draft: SettingsDraft) => void, drop: () => void];

export function useSettingsDraft(id: string, { form, etag }: Current): Kept {
  const [text, setText, drop] = useDraft(`settings.${id}`, "");
  const kept = text === "" ? undefined : readDraft(text);
  return [
    kept ?? { base: form, form, etag },
    (draft) => setText(JSON.stringify(draft)),
    () => {
      setText("");
      drop();
    },
  ];
}

/** What this tab has kept. Undefined for what an earlier version of the page has written. */
export function readDraft(text: string): SettingsDraft | undefined {
  try {
    const kept: unknown = JSON.parse(text);
    return isDraft(kept) ? kept : undefined;
  } catch {
    return undefined;
  }
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;
const TEXTS = [
  "name",
  "description",
  "contacts",
  "labels",
  "externalId",
  "url",
  "filter",
  "perSecond",
  "burst",
  "timeoutSeconds",
  "maxAttempts",
  "schedule",
];

const isForm = (value: unknown): value is SettingsForm =>
  isObject(value) && Array.isArray(value["eventTypes"]) && TEXTS.every((name) => typeof value[name] === "string");

const isDraft = (value: unknown): value is SettingsDraft =>
  isObject(value) && isForm(value["base"]) && isForm(value["form"]);
