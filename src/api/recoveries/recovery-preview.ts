/**
 * The preview of a recovery and the token that starts it. The token is not stored. It carries what the preview froze
 * under a MAC, which every process can check, so previews fill no collection. The recovery's own id is in it, and the
 * insert of that unique `_id` lets it start one recovery only, whichever process takes it.
 */
import { hash, timingSafeEqual } from "node:crypto";
import { perSecondOf } from "../../catalogue/recovery/recovery-filter.js";
import { newId } from "../../store/ids.js";
import type { DeliverySummary, Store } from "../../store/store.js";
import { LANES_AT_ONCE } from "../../workflows/recovery/recovery-contract.js";
import type { Actor } from "../access/actor.js";
import { refuse, type Refusal } from "../http/errors.js";
import type { RecoveryFilter } from "../../workflows/recovery/recovery-contract.js";
import { type CountContext, countNamed } from "./recovery-count.js";
import type { CheckedFilter } from "./recovery-filter.js";
import type { RequestContext } from "../route.js";

/** What a preview froze. */
export interface PreviewClaims {
  /** Of the recovery that the token starts. */
  id: string;
  actor: string;
  /** SHA-256 of the filter without `until`, base64url. */
  filter: string;
  /** `until` as it was asked for, and as it counts, in milliseconds since the epoch. */
  asked: number | null;
  until: number;
  count: number;
  /** False where the count stopped. */
  exact: boolean;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

const VALID_MS = 600_000;
const SUBSCRIPTIONS_SHOWN = 20;
/** More deliveries than previewed are taken as long as they are few: at most so many, or at most this part. */
const GROWTH_COUNT = 50;
const GROWTH_PART = 0.1;

export interface Preview {
  summary: DeliverySummary;
  bySubscription: { subscriptionId: string; count: number; ratePerSecond: number; estimatedSeconds: number }[];
  estimatedSeconds: number;
  claims: PreviewClaims;
  token: string;
}

/** Counts what the filter names until now and makes the token. */
export async function makePreview(
  context: CountContext,
  { filter }: CheckedFilter,
  now: number,
): Promise<Preview | Refusal> {
  const { store, catalogue } = context.dependencies;
  const until = Math.min(filter.until ?? now, now);
  const summary = await countNamed(context, filter, until);
  if ("refused" in summary) return summary;
  const all = [...summary.bySubscription]
    .map(([subscriptionId, some]) => {
      const ratePerSecond = perSecondOf(catalogue.subscription(subscriptionId));
      return { subscriptionId, count: some, ratePerSecond, estimatedSeconds: Math.ceil(some / ratePerSecond) };
    })
    .sort((a, b) => b.count - a.count);
  const claims: PreviewClaims = {
    id: newId("rec"),
    actor: nameOf(context.actor),
    filter: digestOf(filter),
    asked: filter.until ?? null,
    until,
    count: summary.count,
    exact: summary.exact,
    expiresAt: now + VALID_MS,
  };
  return {
    summary,
    bySubscription: all.slice(0, SUBSCRIPTIONS_SHOWN),
    claims,
    token: tokenOf(store, claims),
    estimatedSeconds: estimateOf(all, summary.count),
  };
}

/** Seconds. What was only counted is taken to be like what was told apart. */
function estimateOf(all: readonly { count: number; estimatedSeconds: number }[], count: number): number {
  const longest = all.reduce((most, { estimatedSeconds }) => Math.max(most, estimatedSeconds), 0);
  const together = all.reduce((sum, { estimatedSeconds }) => sum + estimatedSeconds, 0);
  const toldApart = all.reduce((sum, each) => sum + each.count, 0);
  return Math.ceil(
    Math.max(longest, together / LANES_AT_ONCE) * (toldApart === 0 ? 1 : Math.max(1, count / toldApart)),
  );
}

/**
 * What the token froze, when it may start a recovery of this filter by this actor now. What costs nothing is looked at
 * before what counts.
 */
export async function redeem(
  context: RequestContext<"store" | "catalogue" | "settings" | "limits">,
  token: string,
  { filter, group }: CheckedFilter,
  now: number,
): Promise<PreviewClaims | Refusal> {
  const {
    actor,
    dependencies: { store, limits },
  } = context;
  const claims = claimsOf(store, token);
  if (!claims) return refuse("preview_changed", "This token was not given by a preview of this service.");
  if (claims.actor !== nameOf(actor))
    return refuse("preview_changed", "The preview was made by somebody else, or in another role.");
  if (claims.expiresAt <= now) return refuse("preview_changed", "The preview is older than 10 minutes.");
  const sameUntil =
    filter.until === undefined ? claims.asked === null : filter.until === claims.asked || filter.until === claims.until;
  if (claims.filter !== digestOf(filter) || !sameUntil)
    return refuse("preview_changed", "The preview was of another filter.");
  if (await store.recoveries.get(claims.id)) return alreadyStarted(claims);
  const limited = await limits.refuse(actor, "previews", { group });
  if (limited) return limited;
  const named = await countNamed(context, filter, claims.until);
  if ("refused" in named) return named;
  const grown = claims.exact ? named.count - claims.count : 0;
  if (grown > GROWTH_COUNT && grown > claims.count * GROWTH_PART) return hasGrown(grown);
  return claims;
}

const hasGrown = (by: number): Refusal =>
  refuse("preview_changed", `${by} deliveries more than the preview counted would be sent.`);

/** Refuses where the filter names many more by now than when the second person was asked. */
export async function refuseGrown(
  context: CountContext,
  { filter, count = 0 }: { filter: RecoveryFilter; count?: number },
): Promise<Refusal | undefined> {
  const named = await countNamed(context, { since: 0, ...filter }, filter.until ?? Date.now());
  if ("refused" in named) return named;
  const grown = named.count - count;
  return grown > count * GROWTH_PART ? hasGrown(grown) : undefined;
}

export const alreadyStarted = ({ id }: Pick<PreviewClaims, "id">): Refusal =>
  refuse("preview_changed", `The token has started the recovery ${id} already.`);

/** A person's roles see different things. */
const nameOf = ({ name, role }: Actor): string => `${name} ${role}`;

const digestOf = ({ mode, subscriptionId, groupId, eventType, status, since }: CheckedFilter["filter"]): string =>
  hash(
    "sha256",
    JSON.stringify([
      mode ?? null,
      subscriptionId ?? null,
      groupId ?? null,
      eventType ?? null,
      [...(status ?? [])].sort(),
      since,
    ]),
    "base64url",
  );

const macOf = (store: Pick<Store, "blindIndex">, text: string): Uint8Array =>
  store.blindIndex("recovery-preview", text);

function tokenOf(store: Pick<Store, "blindIndex">, claims: PreviewClaims): string {
  const text = Buffer.from(JSON.stringify(claims), "utf8").toString("base64url");
  return `${text}.${Buffer.from(macOf(store, text)).toString("base64url")}`;
}

/** Undefined when it was not made here. Nothing of it is read before the MAC is known to be right. */
function claimsOf(store: Pick<Store, "blindIndex">, token: string): PreviewClaims | undefined {
  const [text = "", mac = ""] = token.split(".");
  const right = macOf(store, text);
  const given = Buffer.from(mac, "base64url");
  if (given.byteLength !== right.byteLength || !timingSafeEqual(given, right) || token.split(".").length !== 2)
    return undefined;
  return JSON.parse(Buffer.from(text, "base64url").toString("utf8")) as PreviewClaims;
}
