/** The filters of the list of subscriptions as they stand in the address. */
import type { Health as HealthOf, SubscriptionStatus } from "../../parts/subscription/model.js";
import type { Technique } from "../../parts/subscription/techniques.js";
import { type FrameSearch, frameSearch, textsOf } from "../../search-parameters.js";
import { DAY_MS } from "../../time/format.js";

const NAMES = ["q", "status", "health", "type", "url", "ends", "only", "technique"] as const;

type Health = HealthOf["state"];

export type SubscriptionsSearch = FrameSearch & Partial<Record<(typeof NAMES)[number], string>>;

export const SUBSCRIPTION_STATUSES = [
  "draft",
  "verified",
  "submitted",
  "approved",
  "rejected",
  "active",
  "paused",
  "suspended",
  "disabled",
] as const satisfies readonly SubscriptionStatus[];

export const HEALTHS = [
  "healthy",
  "degraded",
  "failing",
  "recovering",
  "disabled",
] as const satisfies readonly Health[];

/** Days within which a certificate ends. */
export const ENDS_WITHIN = ["7", "30", "90"] as const;

/** How deliveries are proved and protected. */
export const TECHNIQUES = [
  "v1",
  "v1a",
  "rfc9421",
  "mtls",
  "basic",
  "api_key",
  "oauth2",
  "headers",
] as const satisfies readonly Technique[];

/** What needs somebody, as the overview counts it. */
export const ONLY = ["toFinish", "secretsInOverlap"] as const;

/** What the API calls them: links that were made for it lead to the same list. */
const OF_THE_API = { groupId: "group", apiId: "api", eventType: "type" } as const;

/** What the address holds, as far as this list knows it. */
export function subscriptionsSearch(given: Record<string, unknown>): SubscriptionsSearch {
  const renamed = Object.entries(OF_THE_API).map(([theirs, ours]): [string, unknown] => [ours, given[theirs]]);
  const all: Record<string, unknown> = { ...Object.fromEntries(renamed), ...given };
  return { ...frameSearch(all), ...textsOf(all, NAMES) };
}

/** The query of `GET /v1/subscriptions`, without its page. The same within an hour, so that it is asked once. */
export function subscriptionFilterOf(search: SubscriptionsSearch, now: number) {
  const { group, api, q, type, url, ends } = search;
  const status = SUBSCRIPTION_STATUSES.find((each) => each === search.status);
  const health = HEALTHS.find((each) => each === search.health);
  const days = ENDS_WITHIN.find((each) => each === ends);
  const only = ONLY.find((each) => each === search.only);
  const technique = TECHNIQUES.find((each) => each === search.technique);
  const hour = DAY_MS / 24;
  return {
    ...(group && { groupId: group }),
    ...(api && { apiId: api }),
    ...(only && { [only]: "true" as const }),
    ...(q && { q }),
    ...(status && { status }),
    ...(health && { health }),
    ...(technique && { technique }),
    ...(type && { eventType: type }),
    ...(url && { url }),
    ...(days && {
      certificateEndsBefore: new Date(Math.ceil(now / hour) * hour + Number(days) * DAY_MS).toISOString(),
    }),
  };
}

/** Whether anything narrows the list. */
export const isNarrowed = (search: SubscriptionsSearch): boolean =>
  search.group !== undefined || search.api !== undefined || NAMES.some((name) => search[name] !== undefined);
