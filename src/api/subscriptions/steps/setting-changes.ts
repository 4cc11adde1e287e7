/**
 * Values of settings before and after a change. They are kept with the subscription and not in the audit: the audit is
 * never erased, and names, descriptions and contacts are personal data. Secrets are kept nowhere here.
 */
import { isDeepStrictEqual } from "node:util";
import type { SettingChange, SettingValue, Subscription } from "../../../store/model.js";
import { maskUrl } from "../../../store/url-secrets.js";

/** So many changes are kept, and so many bytes of them together. Every process holds all subscriptions in memory. */
const MOST_CHANGES = 20;
const MOST_BYTES = 4_096;
/** Characters of one value. */
const MOST_CHARACTERS = 200;

interface Setting {
  of: (subscription: Subscription) => unknown;
  /** What may be told of it. Absent where its values may be secrets. */
  told?: (subscription: Subscription) => unknown;
}
const open = (of: Setting["of"]): Setting => ({ of, told: of });

const SETTINGS: Readonly<Record<string, Setting>> = {
  name: open(({ name }) => name),
  description: open(({ description }) => description),
  contacts: open(({ contacts }) => contacts),
  labels: open(({ labels }) => labels),
  externalId: open(({ externalId }) => externalId),
  language: open(({ language }) => language),
  url: { of: ({ url }) => url, told: ({ url }) => maskUrl(url) },
  // Further types that were asked for are what the consumer has set.
  eventTypes: open(({ eventTypes, requestedEventTypes }) => requestedEventTypes ?? eventTypes),
  filter: open(({ filter }) => filter),
  rateLimit: open(({ rateLimit }) => rateLimit),
  retry: open(({ retry }) => retry),
  disableAfterDays: open(({ disableAfterDays }) => disableAfterDays),
  signing: open(({ signing }) => signing),
  auth: { of: ({ auth }) => auth },
  headers: { of: ({ headers }) => headers },
  tls: { of: ({ tls }) => tls },
  // The path of a chat channel's URL lets everybody write into it.
  chat: { of: ({ chat }) => chat, told: ({ chat }) => chat && { format: chat.format, host: new URL(chat.url).host } },
};

/** `after` with what differs from `before`, under the id that the audit entry has. */
export function withSettingChange(before: Subscription, after: Subscription, id: string): Subscription {
  const values = Object.entries(SETTINGS).flatMap(([field, { of, told }]) =>
    isDeepStrictEqual(of(before), of(after)) ? [] : valueOf(field, textOf(told?.(before)), textOf(told?.(after))),
  );
  if (values.length === 0) return after;
  return { ...after, changes: bounded([{ id, values }, ...(before.changes ?? [])]) };
}

/** Where what may be told is the same, what differs is a secret. */
function valueOf(field: string, was: string | undefined, is: string | undefined): SettingValue {
  if (was === is) return { field, hidden: true };
  return { field, ...(was !== undefined && { before: cut(was) }), ...(is !== undefined && { after: cut(is) }) };
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  if (typeof value === "object")
    return Object.entries(value)
      .flatMap(([name, member]) => (member === undefined ? [] : `${name}: ${textOf(member) ?? ""}`))
      .join(", ");
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** By characters, so that no pair of surrogates is parted. */
function cut(text: string): string {
  const characters = Array.from(text);
  return characters.length <= MOST_CHARACTERS ? text : `${characters.slice(0, MOST_CHARACTERS).join("")}…`;
}

/** The newest of them that are not too many and not too large. */
function bounded(changes: readonly SettingChange[]): SettingChange[] {
  let bytes = 0;
  const kept: SettingChange[] = [];
  for (const change of changes.slice(0, MOST_CHANGES)) {
    bytes += Buffer.byteLength(JSON.stringify(change));
    if (bytes > MOST_BYTES && kept.length > 0) break;
    kept.push(change);
  }
  return kept;
}
