/**
 * What a change brings with it beside the changed fields, said before it is saved. It mirrors
 * src/api/subscriptions/change-effects.ts. The API decides.
 */
import type { Role } from "../../../api/queries.js";
import type { Subscription } from "../../../parts/subscription/model.js";
import { isInService } from "../acts/possible-acts.js";
import type { SubscriptionChange } from "./form.js";

export type Effect = "atOnce" | "heldUntilVerified" | "verifyAgain" | "typesWait" | "submitAgain" | "draftAgain";

interface Known {
  role: Role;
  /** Whether a subscription to this event type needs no approval. */
  isAutomatic: (eventType: string) => boolean;
}

/** What people and programs call it. Nothing that is sent depends on it. */
const ABOUT: readonly string[] = ["name", "description", "contacts", "labels", "externalId", "language"];

export function effectsOf(
  { status, url, eventTypes }: Pick<Subscription, "status" | "url" | "eventTypes">,
  change: SubscriptionChange,
  { role, isAutomatic }: Known,
): Effect[] {
  if (role !== "consumer" || Object.keys(change).every((field) => ABOUT.includes(field))) return ["atOnce"];
  const moved = change.url !== undefined && canonical(change.url) !== canonical(url);
  const further = (change.eventTypes ?? []).some((name) => !eventTypes.includes(name) && !isAutomatic(name));
  if (status === "rejected") return ["draftAgain"];
  if (isInService(status)) {
    const effects: Effect[] = [
      ...(moved ? ["heldUntilVerified" as const] : []),
      ...(further ? ["typesWait" as const] : []),
    ];
    return effects.length > 0 ? effects : ["atOnce"];
  }
  if (moved && status !== "draft") return ["verifyAgain"];
  return further && (status === "submitted" || status === "approved") ? ["submitAgain"] : ["atOnce"];
}

const canonical = (url: string): string => (URL.canParse(url) ? new URL(url).href : url);
