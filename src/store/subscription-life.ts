/**
 * The life of a subscription in one table: its states, what each means for deliveries, and which act leads to which
 * state.
 */
import type { Role, Subscription, SubscriptionStatus } from "./model.js";
import { SERVICE_REASONS } from "./notices/service-reasons.js";

/**
 * What a state means for deliveries. `none`: none are made. `held`: they are recorded and wait, and nothing is lost.
 * `sent`: they are sent. Test events are the exception, see `routingOf`.
 */
export type Routing = "none" | "held" | "sent";

/**
 * The ACTS (src/api/access/access.ts) that allow a step. With `service` no actor may do it, because the service takes
 * the step itself. `revise` and `unverify` are effects of a consumer's change of the subscription.
 */
export const LIFE_ACTS = {
  verify: "subscriptions:write",
  submit: "subscriptions:write",
  approve: "subscriptions:decide",
  reject: "subscriptions:decide",
  pause: "subscriptions:run",
  resume: "subscriptions:run",
  suspend: "subscriptions:decide",
  reinstate: "subscriptions:decide",
  revise: "subscriptions:write",
  unverify: "subscriptions:write",
  disable: "service",
} as const;
export type LifeAct = keyof typeof LIFE_ACTS;

/** `before`: the status before this one. `same`: no change of status. */
type Next = SubscriptionStatus | "before" | "same";

interface State {
  meaning: string;
  routing: Routing;
  /** For test events, which may go to a verified endpoint before it is in service. */
  test: Routing;
  /** An act that is missing is refused. */
  next: Partial<Record<LifeAct, Next>>;
}

/**
 * Acts on a subscription in service that leave its status alone. Approve and reject are about its
 * `requestedEventTypes`.
 */
const IN_SERVICE = { verify: "same", approve: "same", reject: "same", revise: "same", unverify: "same" } as const;

/**
 * A consumer comes from `draft` to `active` by verify, submit, approve and resume. Once in service, a subscription
 * never goes back to a state without deliveries, because that would lose events. A new endpoint is held until it is
 * verified (`unverify`). Further event types wait while the present ones are served (`requestedEventTypes`).
 */
export const LIFE: Record<SubscriptionStatus, State> = {
  draft: {
    meaning: "The endpoint is not verified yet.",
    routing: "none",
    test: "none",
    next: { verify: "verified", revise: "same", unverify: "same" },
  },
  verified: {
    meaning: "The endpoint is verified. The subscription can be submitted.",
    routing: "none",
    test: "sent",
    next: { verify: "same", submit: "submitted", revise: "same", unverify: "draft" },
  },
  submitted: {
    meaning: "Waits for the provider's approval.",
    routing: "none",
    test: "sent",
    next: { approve: "approved", reject: "rejected", revise: "verified", unverify: "draft" },
  },
  approved: {
    meaning: "Approved. A resume puts it into service.",
    routing: "none",
    test: "sent",
    next: { resume: "active", reject: "rejected", revise: "verified", unverify: "draft" },
  },
  rejected: {
    meaning: "Refused by the provider. A change makes it a draft again.",
    routing: "none",
    test: "none",
    next: { revise: "draft", unverify: "draft" },
  },
  active: {
    meaning: "In service.",
    routing: "sent",
    test: "sent",
    next: {
      ...IN_SERVICE,
      resume: "same",
      pause: "paused",
      suspend: "suspended",
      disable: "disabled",
      unverify: "paused",
    },
  },
  paused: {
    meaning: "Paused on request, or until its new endpoint is verified.",
    routing: "held",
    test: "held",
    // After `unverify` verifying leads back to where it came from.
    next: { ...IN_SERVICE, verify: "before", resume: "active", pause: "same", suspend: "suspended" },
  },
  suspended: {
    meaning: "Suspended by the provider.",
    routing: "held",
    test: "held",
    next: { ...IN_SERVICE, suspend: "same", reinstate: "before" },
  },
  disabled: {
    meaning: "Disabled by the service, because the endpoint said that it is gone, or answered nothing for days.",
    routing: "held",
    test: "held",
    next: { ...IN_SERVICE, resume: "active", suspend: "suspended" },
  },
};

/** So many steps are kept with a subscription. All of them are in the audit. */
const MAX_HISTORY = 20;

export interface StepOrder {
  by: string;
  role?: Role;
  reason?: string;
  at: Date;
}
export type Step = { ok: true; subscription: Subscription } | { ok: false };

/** The acts that are possible now, for any actor. */
export const possibleActs = (subscription: Subscription): LifeAct[] =>
  (Object.keys(LIFE_ACTS) as LifeAct[]).filter((act) => nextOf(subscription, act) !== undefined);

/**
 * Who asked for what waits for a decision, as in the audit: who submitted it, or everybody who asked for further event
 * types in service.
 */
export function askersOf({ status, history = [], requestedEventTypes, requestedBy = [] }: Subscription): string[] {
  if (requestedEventTypes) return requestedBy;
  const submission = status === "submitted" ? history.find(({ to }) => to === "submitted") : undefined;
  return submission ? [submission.by] : [];
}

/** The subscription after the act, with the step on its record. Not ok when the table does not allow the act now. */
export function takeStep(subscription: Subscription, act: LifeAct, { by, role, reason, at }: StepOrder): Step {
  const next = nextOf(subscription, act);
  if (next === undefined) return { ok: false };
  const marked = withMarks(subscription, act, at);
  const from = subscription.status;
  const to = next === "active" && marked.needsVerification ? "paused" : next;
  if (to === from) return { ok: true, subscription: act === "pause" ? without(marked, "statusBefore") : marked };
  // A Retry-After from before this change of status does not count any more.
  const rest = without(
    marked,
    "statusReason",
    "statusBefore",
    ...(to === "active" || to === "paused" ? (["throttledUntil", "throttledAt"] as const) : []),
  );
  const before =
    act === "suspend" || act === "unverify" ? from : next === "active" && to === "paused" ? "active" : undefined;
  const why = reason ?? REASONS[act];
  return {
    ok: true,
    subscription: {
      ...rest,
      status: to,
      statusAt: at,
      ...(why !== undefined && { statusReason: why }),
      ...(marked.health?.state === "disabled" && from === "disabled" && to === "active" && triedFirst(at)),
      ...(before && LIFE[to].routing === "held" && { statusBefore: before }),
      history: [
        { from, to, at, by, ...(role && { role }), ...(reason !== undefined && { reason }) },
        ...(subscription.history ?? []),
      ].slice(0, MAX_HISTORY),
    },
  };
}

/** After a resume nobody knows whether the endpoint answers. One delivery goes first, and the others wait for it. */
const triedFirst = (at: Date): Pick<Subscription, "health"> => ({
  health: {
    state: "failing",
    since: at,
    reason: SERVICE_REASONS.tried_first,
    nextProbeAt: at,
    breaker: { state: "open", openedAt: at, probes: 0, successes: 0 },
  },
});

/** The reason that is shown when none was given. */
const REASONS: Partial<Record<LifeAct, string>> = {
  pause: "Paused on request.",
  unverify: "The endpoint was changed: verify it.",
};

function nextOf(subscription: Subscription, act: LifeAct): SubscriptionStatus | undefined {
  const { status, statusBefore, needsVerification, requestedEventTypes } = subscription;
  const next = LIFE[status].next[act];
  const inService = LIFE[status].routing !== "none";
  if (inService && (act === "approve" || act === "reject") && !requestedEventTypes) return undefined;
  if (act === "resume" && needsVerification) return undefined;
  if (next === "before")
    return act === "verify" ? (needsVerification && statusBefore) || status : (statusBefore ?? "paused");
  return next === "same" ? status : next;
}

/** What an act changes beside the status. */
function withMarks(subscription: Subscription, act: LifeAct, at: Date): Subscription {
  switch (act) {
    case "verify":
      return { ...without(subscription, "needsVerification"), verifiedAt: at };
    case "unverify":
      return {
        ...without(subscription, "verifiedAt"),
        ...(LIFE[subscription.status].routing !== "none" && { needsVerification: true }),
      };
    case "approve": {
      const { requestedEventTypes, requestedBy: _askers, ...rest } = subscription;
      return requestedEventTypes ? { ...rest, eventTypes: requestedEventTypes } : subscription;
    }
    case "reject":
      return without(subscription, "requestedEventTypes", "requestedBy");
    case "submit":
    case "pause":
    case "resume":
    case "suspend":
    case "reinstate":
    case "revise":
    case "disable":
      return subscription;
  }
}

function without<
  K extends
    | "statusReason"
    | "statusBefore"
    | "throttledUntil"
    | "throttledAt"
    | "needsVerification"
    | "verifiedAt"
    | "requestedEventTypes"
    | "requestedBy",
>(subscription: Subscription, ...fields: K[]): Subscription {
  const rest = { ...subscription };
  for (const field of fields) delete rest[field];
  return rest;
}
