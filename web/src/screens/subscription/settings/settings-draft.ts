/** What is being typed in the settings. It is kept in this tab, so that it is still there after a new log-in. */
import { readFormDraft, useFormDraft } from "../../../parts/draft.js";
import type { SettingsDraft, SettingsForm } from "./form.js";

const TEXTS = [
  "name",
  "description",
  "contacts",
  "labels",
  "externalId",
  "language",
  "url",
  "filter",
  "perSecond",
  "burst",
  "timeoutSeconds",
  "maxAttempts",
  "schedule",
];

export const readDraft = (text: string): SettingsDraft | undefined =>
  readFormDraft<SettingsForm>(
    text,
    ({ eventTypes, ...texts }) => Array.isArray(eventTypes) && TEXTS.every((name) => typeof texts[name] === "string"),
  );

export const useSettingsDraft = (id: string, current: Pick<SettingsDraft, "form" | "etag">) =>
  useFormDraft(`settings.${id}`, current, readDraft);
