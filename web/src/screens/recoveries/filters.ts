/** The addresses of the recoveries' screens: which are listed, and what a new one sends. */
import type { Me } from "../../api/queries.js";
import type { RecoveryStatus } from "../../parts/recovery/model.js";
import { type FrameSearch, frameSearch } from "../../search-parameters.js";
import { type DeliveriesSearch, deliveriesSearch, recoveryFilterOf } from "../deliveries/filters/filters.js";

export const RECOVERY_STATUSES = [
  "waiting",
  "running",
  "paused",
  "done",
  "cancelled",
  "refused",
  "expired",
  "failed",
] as const satisfies readonly RecoveryStatus[];

export interface RecoveriesSearch extends FrameSearch {
  status?: RecoveryStatus;
}

export function recoveriesSearch(given: Record<string, unknown>): RecoveriesSearch {
  const status = RECOVERY_STATUSES.find((each) => each === given["status"]);
  return { ...frameSearch(given), ...(status && { status }) };
}

export type NewRecoverySearch = DeliveriesSearch & { mode?: "missing" };

export const newRecoverySearch = (given: Record<string, unknown>): NewRecoverySearch => ({
  ...deliveriesSearch(given),
  ...(given["mode"] === "missing" && { mode: "missing" }),
});

/** What can be chosen to be sent. Without a choice it is what waits for a person. */
export const CHOICES = ["", "parked", "exhausted", "cancelled", "delivered", "missing"] as const;
export type Choice = (typeof CHOICES)[number];

/** What the address says is sent. A list of statuses that is none of the choices stays as it is. */
export function choiceOf({ mode, status }: NewRecoverySearch): Choice | undefined {
  if (mode) return "missing";
  return status === undefined || status === "parked,exhausted" ? "" : CHOICES.find((each) => each === status);
}

/** Why nothing can be counted yet, in the order in which a person fills the form. */
export type Lacking = "subscription" | "group" | "type" | "window";

/** How far a person's recoveries reach. The API refuses what goes beyond. */
export interface RecoveryReach {
  /** One group has to be named otherwise. */
  severalGroups: boolean;
  /** An event type has to be named otherwise. */
  allApis: boolean;
}

export function reachOf({ role, groups = [], apis }: Pick<Me, "role" | "groups" | "apis">): RecoveryReach {
  const isOperating = role === "admin" || role === "operator";
  return {
    severalGroups: isOperating || (role === "consumer" && groups.length < 2),
    allApis: role !== "provider" || apis === undefined,
  };
}

export function lackingOf(search: NewRecoverySearch, reach: RecoveryReach): Lacking | undefined {
  const choice = choiceOf(search);
  const { subscription, group, type, since } = search;
  if ((choice === "missing" || choice === "delivered") && subscription === undefined) return "subscription";
  if (!reach.severalGroups && group === undefined && subscription === undefined) return "group";
  if (!reach.allApis && type === undefined) return "type";
  return since === undefined ? "window" : undefined;
}

/** The filter of the preview. Undefined while something is lacking. */
export function newRecoveryFilterOf(search: NewRecoverySearch, now: number, reach: RecoveryReach) {
  const filter = lackingOf(search, reach) === undefined ? recoveryFilterOf(search, now) : undefined;
  if (!filter || !search.mode) return filter;
  const { status: _status, includeDelivered: _again, ...rest } = filter;
  return { ...rest, mode: search.mode };
}
