/**
 * Values of settings before and after a change. They are kept with the subscription and not in the audit: the audit is
 * never erased, and names, descriptions and contacts are personal data. Secrets are kept nowhere here.
 */
import type { SettingChange, SettingValue, Subscription } from "../../../store/model.js";
import { maskUrl } from "../../../store/url-secrets.js";

/** So many changes are kept, and so many bytes of them together. Every process holds all subscriptions in memory. */
const MOST_CHANGES = 20;
const MOST_BYTES = 4_096;
/** Characters of one value. */
const MOST_CHARACTERS = 200;

type Shown = (subscription: Subscription) => unknown;

/** The settings whose values may be told. Authentication, headers and TLS hold secrets, so of them the name is told. */
const TOLD: Readonly<Record<string, Shown>> = {
  name: ({ name }) => name,
  description: ({ description }) => description,
  contacts: ({ contacts }) => contacts,
  labels: ({ labels }) => labels,
  externalId: ({ externalId }) => externalId,
  language: ({ language }) => language,
  url: ({ url }) => maskUrl(url),
  // Further types that were asked for are what the consumer has set.
  eventTypes: ({ eventTypes, requestedEventTypes }) => requestedEventTypes ?? eventTypes,
  filter: ({ filter }) => filter,
  rateLimit: ({ rateLimit }) => rateLimit,
  retry: ({ retry }) => retry,
  disableAfterDays: ({ disableAfterDays }) => disableAfterDays,
  signing: ({ signing }) => signing,
};

/** `after` with what differs from `before`, under the id that the audit entry has. */
export function withSettingChange(before: Subscription, after: Subscription, id: string): Subscription {
  const values = Object.entries(TOLD).flatMap(([field, shown]) => valueOf(field, shown(before), shown(after)) ?? []);
  if (values.length === 0) return after;
  return { ...after, changes: bounded([{ id, values }, ...(before.changes ?? [])]) };
}

function valueOf(field: string, before: unknown, after: unknown): SettingValue | undefined {
  const [was, is] = [textOf(before), textOf(after)];
  if (was === is) return undefined;
  return { field, ...(was !== undefined && { before: cut(was) }), ...(is !== undefined && { after: cut(is) }) };
}

function textOf(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (Array.isArray(value)) return value.map(textOf).join(", ");
  if (typeof value === "object")
    return Object.entries(value)
      .flatMap(([name, member]) => (member === undefined ? [] : `${name}: ${textOf(member) ?? ""}`))
      .join(", ");
  return String(value as string | number | boolean);
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
