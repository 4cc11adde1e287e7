/**
 * What a change does to a subscription besides the changed fields. A consumer's change may need another verification or
 * approval.
 */
import type { Subscription } from "../../store/model.js";
import { LIFE, takeStep } from "../../store/subscription-life.js";
import { applyChange, type ChangeOf } from "../http/change.js";
import type { RequestContext } from "../route.js";
import { isSameEndpoint } from "./checks.js";
import { isAutomatic } from "./life.js";
import { whoSteps } from "./steps/take-step.js";

/** So many are kept with a request for further event types. The audit has all of them. */
const MAX_ASKERS = 50;

/** What people and programs of the group call it. Nothing that is sent depends on it. */
const ABOUT: readonly string[] = [
  "name",
  "description",
  "contacts",
  "labels",
  "externalId",
  "language",
  "chat",
] satisfies (keyof Subscription)[];

/** Whether the change is of these alone. Then nothing that waits has to look again. */
export const isAboutOnly = (change: object): boolean => Object.keys(change).every((field) => ABOUT.includes(field));

/**
 * The subscription after the change. If a consumer changes the endpoint of a subscription in service, then deliveries
 * are held until it is verified. Event types that need approval wait for it, and the earlier ones are still served.
 * What a provider sets takes effect at once, because the provider is responsible for it.
 */
export function changed(
  context: RequestContext<"catalogue">,
  current: Subscription,
  change: ChangeOf<Subscription>,
): Subscription {
  const next = applyChange<Subscription>(current, change);
  const sameEndpoint = isSameEndpoint(current, next);
  if (change.eventTypes) {
    delete next.requestedEventTypes;
    delete next.requestedBy;
  }
  if (context.actor.role !== "consumer") {
    if (!sameEndpoint) delete next.needsVerification;
    return next;
  }
  const further = (change.eventTypes ?? []).some(
    (name) => !current.eventTypes.includes(name) && !isAutomatic(context, name),
  );
  const inService = LIFE[current.status].routing !== "none";
  const asked = further && inService ? withRequest(context, current, next) : next;
  if (sameEndpoint && !(further && !inService) && current.status !== "rejected") return asked;
  const step = takeStep(asked, sameEndpoint ? "revise" : "unverify", { ...whoSteps(context), at: new Date() });
  return step.ok ? step.subscription : asked;
}

/**
 * Types that need no approval take effect at once. If there are none, then the earlier types stay, because a
 * subscription without types would belong to no api.
 */
function withRequest(context: RequestContext<"catalogue">, current: Subscription, wanted: Subscription): Subscription {
  const now = wanted.eventTypes.filter((name) => current.eventTypes.includes(name) || isAutomatic(context, name));
  return {
    ...wanted,
    eventTypes: now.length > 0 ? now : current.eventTypes,
    requestedEventTypes: wanted.eventTypes,
    requestedBy: [...new Set([...(current.requestedBy ?? []), context.actor.name])].slice(-MAX_ASKERS),
  };
}
