/** The filters of the list as they stand in the address, and what they mean to the API. */
import { MOST_RECOVERED_DAYS } from "../../../parts/recovery/recovery-window.js";
import { type FrameSearch, frameSearch, textsOf } from "../../../search-parameters.js";
import { DAY_MS } from "../../../time/format.js";

const NAMES = ["status", "type", "subscription", "event", "http", "outcome", "fault", "q", "since", "until"] as const;

export type DeliveriesSearch = FrameSearch & Partial<Record<(typeof NAMES)[number], string>>;

/** What the API calls them: links that were made for it lead to the same list. */
const OF_THE_API = {
  groupId: "group",
  apiId: "api",
  subscriptionId: "subscription",
  eventType: "type",
  eventId: "event",
  httpStatus: "http",
} as const;

/** What the address holds, as far as this list knows it. */
export function deliveriesSearch(given: Record<string, unknown>): DeliveriesSearch {
  const renamed = Object.entries(OF_THE_API).map(([theirs, ours]): [string, unknown] => [ours, given[theirs]]);
  const all: Record<string, unknown> = { ...Object.fromEntries(renamed), ...given };
  return { ...frameSearch(all), ...textsOf(all, NAMES) };
}

export const STATUSES = [
  "pending",
  "delivered",
  "retrying",
  "throttled",
  "held",
  "parked",
  "exhausted",
  "cancelled",
] as const;
export type DeliveryStatus = (typeof STATUSES)[number];

/** On whose side an attempt failed. */
export const DELIVERY_FAULTS = ["endpoint", "settings", "ours"] as const;

/** Nothing more happens to these by itself: somebody has to act. */
export const NEEDS_SOMEBODY = "parked,exhausted";

/** The statuses of the address that exist. */
export const statusesOf = ({ status }: DeliveriesSearch): DeliveryStatus[] =>
  STATUSES.filter((each) => status?.split(",").includes(each));

/** From now back, as the API writes it. */
export const WINDOWS = ["-15m", "-1h", "-24h", "-7d", "-30d"] as const;

/** The query of `GET /v1/deliveries`, of its count and of its export. */
export function filterOf(search: DeliveriesSearch) {
  const { group, api, type, subscription, event, http, outcome, q, since, until } = search;
  const status = statusesOf(search).join(",");
  const fault = DELIVERY_FAULTS.find((each) => each === search.fault);
  return {
    ...(status && { status }),
    ...(group && { groupId: group }),
    ...(api && { apiId: api }),
    ...(type && { eventType: type }),
    ...(subscription && { subscriptionId: subscription }),
    ...(event && { eventId: event }),
    ...(http && { httpStatus: http }),
    ...(outcome && { outcome }),
    ...(fault && { fault }),
    ...(q && { q }),
    ...(since && { since }),
    ...(until && { until }),
  };
}

/** Whether anything narrows the list. A group or an api of the frame's switch is no filter of this list. */
export const isFiltered = (search: DeliveriesSearch): boolean => NAMES.some((name) => search[name] !== undefined);

/** What of this list's filters a recovery cannot take: it reads by time, group, endpoint, type and status. */
export const notRecoverable = (search: DeliveriesSearch): ("api" | "event" | "http" | "outcome" | "fault" | "q")[] =>
  (["api", "event", "http", "outcome", "fault", "q"] as const).filter(
    // An event type says its api.
    (name) => search[name] !== undefined && !(name === "api" && search.type !== undefined),
  );

const UNIT_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: DAY_MS };

/** The instant of `-15m` or of an instant. Undefined for what is neither. */
export function instantOf(text: string | undefined, now: number): Date | undefined {
  const [, number, unit] = /^-(\d{1,5})([mhd])$/.exec(text ?? "") ?? [];
  if (number !== undefined && unit !== undefined) return new Date(now - Number(number) * (UNIT_MS[unit] ?? 0));
  const at = new Date(text ?? "");
  return Number.isNaN(at.getTime()) ? undefined : at;
}

/** The filter of a recovery of all that match. Undefined without a window that it takes. */
export function recoveryFilterOf(search: DeliveriesSearch, now: number) {
  const since = instantOf(search.since, now);
  const until = search.until === undefined ? undefined : instantOf(search.until, now);
  if (since === undefined) return undefined;
  // A minute less, because the service reckons from its own clock.
  const earliest = new Date((until?.getTime() ?? now) - MOST_RECOVERED_DAYS * DAY_MS + 60_000);
  const status = statusesOf(search);
  return {
    since: (since < earliest && search.since === "-30d" ? earliest : since).toISOString(),
    ...(until && { until: until.toISOString() }),
    ...(status.length > 0 && { status }),
    ...(search.group && { groupId: search.group }),
    ...(search.subscription && { subscriptionId: search.subscription }),
    ...(search.type && { eventType: search.type }),
    ...(status.includes("delivered") && search.subscription && { includeDelivered: true }),
  };
}
