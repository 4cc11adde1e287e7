/** The settings as the fields of a form have them, and the change that they come to. */
import type { Schemas } from "../../../api/client.js";
import type { Language } from "../../../parts/subscription/mail-languages.js";
import type { FormDraft } from "../../../parts/draft.js";
import type { Subscription } from "../../../parts/subscription/model.js";

export type SubscriptionChange = Schemas["SubscriptionChange"];

/** Numbers are text as it was typed. Empty means the default of the service. */
export interface SettingsForm {
  name: string;
  description: string;
  /** Mail addresses with commas. */
  contacts: string;
  /** `name=text`, one a line. */
  labels: string;
  externalId: string;
  /** Of mail to the contacts. Empty means that of the group. */
  language: "" | Language;
  url: string;
  eventTypes: string[];
  filter: string;
  perSecond: string;
  burst: string;
  timeoutSeconds: string;
  maxAttempts: string;
  /** Seconds between attempts, with commas. */
  schedule: string;
  disableAfterDays: string;
}
export type SettingsField = keyof SettingsForm;

/** What is typed, and from which state of the subscription it began. */
export type SettingsDraft = FormDraft<SettingsForm>;

const textOf = (value: number | undefined): string => (value === undefined ? "" : String(value));

type Settings = Pick<Subscription, "url" | "eventTypes" | "requestedEventTypes" | "filter" | "rateLimit" | "retry"> &
  Partial<
    Pick<Subscription, "name" | "description" | "contacts" | "labels" | "externalId" | "language" | "disableAfterDays">
  >;

export function settingsFormOf(subscription: Settings): SettingsForm {
  const { name, description, contacts = [], labels = {}, externalId, language } = subscription;
  const { url, eventTypes, requestedEventTypes, filter, rateLimit, retry, disableAfterDays } = subscription;
  return {
    name: name ?? "",
    description: description ?? "",
    contacts: contacts.join(", "),
    labels: Object.entries(labels)
      .map(([label, text]) => `${label}=${text}`)
      .join("\n"),
    externalId: externalId ?? "",
    language: language ?? "",
    url,
    eventTypes: [...(requestedEventTypes ?? eventTypes)].sort(),
    filter: filter ?? "",
    perSecond: textOf(rateLimit?.perSecond),
    burst: textOf(rateLimit?.burst),
    timeoutSeconds: textOf(retry?.timeoutMs === undefined ? undefined : retry.timeoutMs / 1_000),
    maxAttempts: textOf(retry?.maxAttempts),
    schedule: retry?.scheduleSeconds?.join(", ") ?? "",
    disableAfterDays: textOf(disableAfterDays),
  };
}

const isSame = (a: string | string[], b: string | string[]): boolean => String(a) === String(b);

/** The fields in which two forms differ. */
export const changedFields = (a: SettingsForm, b: SettingsForm): SettingsField[] =>
  (Object.keys(a) as SettingsField[]).filter((field) => !isSame(a[field], b[field]));

/** What was typed, on top of what somebody else has saved meanwhile. */
export function rebased({ base, form }: SettingsDraft, latest: SettingsForm, etag: string | undefined): SettingsDraft {
  const mine = changedFields(form, base).map((field): [SettingsField, string | string[]] => [field, form[field]]);
  return { base: latest, form: { ...latest, ...Object.fromEntries(mine) }, etag };
}

export type ReadForm =
  { ok: true; change: SubscriptionChange } | { ok: false; faults: { field: SettingsField; fault: Fault }[] };
export type Fault = "needed" | "url" | "mail" | "labels" | "number" | "numbers" | "together" | "days";

const numberIn = (text: string): number | undefined => {
  const value = Number(text.trim().replace(",", "."));
  return text.trim() === "" || !Number.isFinite(value) || value < 0 ? undefined : value;
};

const MOST_DAYS = 365;
const isDays = (text: string): boolean => /^\d{1,3}$/.test(text) && Number(text) <= MOST_DAYS;
const listOf = (text: string): string[] => text.split(/[,\s]+/).filter((part) => part !== "");
const linesOf = (text: string): string[] => text.split("\n").filter((line) => line.trim() !== "");

function faultsOf(form: SettingsForm): { field: SettingsField; fault: Fault }[] {
  const isNoNumber = (text: string): boolean => text.trim() !== "" && numberIn(text) === undefined;
  const checks: [SettingsField, Fault, boolean][] = [
    ["contacts", "mail", listOf(form.contacts).some((address) => !/^[^\s@]+@[^\s@]+$/.test(address))],
    ["labels", "labels", linesOf(form.labels).some((line) => !/^[^\s=]+\s*=\s*\S/.test(line))],
    ["url", "url", !URL.canParse(form.url.trim())],
    ["eventTypes", "needed", form.eventTypes.length === 0],
    ["perSecond", "number", isNoNumber(form.perSecond)],
    ["burst", "number", isNoNumber(form.burst)],
    ["burst", "together", (form.perSecond.trim() === "") !== (form.burst.trim() === "")],
    ["timeoutSeconds", "number", isNoNumber(form.timeoutSeconds)],
    ["maxAttempts", "number", isNoNumber(form.maxAttempts)],
    [
      "schedule",
      "numbers",
      form.schedule.trim() !== "" && form.schedule.split(",").some((part) => numberIn(part) === undefined),
    ],
    ["disableAfterDays", "days", form.disableAfterDays.trim() !== "" && !isDays(form.disableAfterDays.trim())],
  ];
  return checks.flatMap(([field, fault, isFault]) => (isFault ? [{ field, fault }] : []));
}

/** Null takes an emptied field away. */
const orNull = <T>(value: T, isEmpty: boolean): T | null => (isEmpty ? null : value);

function labelsOf(text: string): Record<string, string> {
  return Object.fromEntries(
    linesOf(text).map((line): [string, string] => {
      const at = line.indexOf("=");
      return [line.slice(0, at).trim(), line.slice(at + 1).trim()];
    }),
  );
}

/** What people and programs call it. None of this changes what is sent. */
function aboutOf(form: SettingsForm, has: (name: SettingsField) => boolean): SubscriptionChange {
  const [name, description, externalId] = [form.name.trim(), form.description.trim(), form.externalId.trim()];
  const [contacts, labels] = [listOf(form.contacts), labelsOf(form.labels)];
  return {
    ...(has("name") && { name: orNull(name, name === "") }),
    ...(has("description") && { description: orNull(description, description === "") }),
    ...(has("contacts") && { contacts: orNull(contacts, contacts.length === 0) }),
    ...(has("labels") && { labels: orNull(labels, Object.keys(labels).length === 0) }),
    ...(has("language") && { language: form.language === "" ? null : form.language }),
    ...(has("externalId") && { externalId: orNull(externalId, externalId === "") }),
  };
}

function rateLimitOf({ perSecond, burst }: SettingsForm): NonNullable<SubscriptionChange["rateLimit"]> | null {
  const [rate, most] = [numberIn(perSecond), numberIn(burst)];
  return rate === undefined || most === undefined ? null : { perSecond: rate, burst: most };
}

function retryOf({
  timeoutSeconds,
  maxAttempts,
  schedule,
}: SettingsForm): NonNullable<SubscriptionChange["retry"]> | null {
  const [timeout, most] = [numberIn(timeoutSeconds), numberIn(maxAttempts)];
  const seconds = schedule.trim() === "" ? undefined : schedule.split(",").flatMap((part) => numberIn(part) ?? []);
  if (timeout === undefined && most === undefined && seconds === undefined) return null;
  return {
    ...(timeout !== undefined && { timeoutMs: Math.round(timeout * 1_000) }),
    ...(most !== undefined && { maxAttempts: most }),
    ...(seconds && { scheduleSeconds: seconds }),
  };
}

/** Only what was typed over: what others change meanwhile in other fields stays. */
export function readSettings({ base, form }: SettingsDraft): ReadForm {
  const faults = faultsOf(form);
  if (faults.length > 0) return { ok: false, faults };
  const fields = new Set(changedFields(form, base));
  const has = (...names: SettingsField[]): boolean => names.some((name) => fields.has(name));
  return {
    ok: true,
    change: {
      ...aboutOf(form, has),
      ...(has("url") && { url: form.url.trim() }),
      ...(has("eventTypes") && { eventTypes: form.eventTypes }),
      ...(has("filter") && { filter: form.filter.trim() === "" ? null : form.filter.trim() }),
      ...(has("perSecond", "burst") && { rateLimit: rateLimitOf(form) }),
      ...(has("timeoutSeconds", "maxAttempts", "schedule") && { retry: retryOf(form) }),
      ...(has("disableAfterDays") && { disableAfterDays: numberIn(form.disableAfterDays) ?? null }),
    },
  };
}
