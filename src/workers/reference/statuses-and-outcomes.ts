/**
 * Statuses and outcomes. The meaning of a status is written here once for the page. The compiler checks that none is
 * missing.
 */
import type { Fault, OutcomeClass } from "../../endpoint/outcome-row.js";
import { outcomeLabel } from "../../api/deliveries/outcome-labels.js";
import { OUTCOMES } from "../../endpoint/outcomes.js";
import type { GrantRequestStatus } from "../../store/model.js";
import { LIFE, LIFE_ACTS, type LifeAct } from "../../store/subscription-life.js";
import { type DeliveryStatus, SETTLED_STATUSES } from "../../workflows/contract.js";
import type { RecoveryStatus } from "../../workflows/recovery/recovery-contract.js";
import { DEFAULT_SCHEDULE_SECONDS } from "../../workflows/schedule.js";
import { code, markdownTable } from "./markdown.js";

const DELIVERY: Record<DeliveryStatus, { meaning: string; next: string }> = {
  pending: {
    meaning: "The delivery is recorded. Its first attempt has not ended yet.",
    next: "Nothing has to be done.",
  },
  delivered: { meaning: "The endpoint answered 2xx.", next: "Resend it if the consumer lost the event." },
  retrying: {
    meaning: "An attempt failed. The next one follows by the schedule.",
    next: "Retry it now, or cancel it.",
  },
  throttled: {
    meaning:
      "It waits for its turn, because of the subscription's rate limit, a Retry-After, or an endpoint that fails.",
    next: "Raise the rate limit if this lasts.",
  },
  held: {
    meaning: "The subscription is paused, suspended or disabled. The delivery waits.",
    next: "Resume the subscription, then it is sent.",
  },
  parked: {
    meaning:
      "The endpoint refused the event, or the subscription cannot send it. The same attempt again would not help.",
    next: "Read the outcome, correct the cause, then retry or cancel it.",
  },
  exhausted: {
    meaning: "All attempts of the schedule failed.",
    next: "Resend it, or start a recovery when the endpoint is back.",
  },
  cancelled: {
    meaning: "It was cancelled by a person or a program, its subscription was deleted, or its content was erased.",
    next: "Resend it if it was cancelled by mistake.",
  },
};

/** Deliveries: the meaning of each status, whether it is final, and what can be done. */
export const deliveryStatusesTable = (): string =>
  markdownTable(
    ["status", "meaning", "final", "what you can do"],
    (Object.keys(DELIVERY) as DeliveryStatus[]).map((status) => [
      code(status),
      DELIVERY[status].meaning,
      SETTLED_STATUSES.includes(status) ? "yes" : "",
      DELIVERY[status].next,
    ]),
  );

const CLASS: Record<OutcomeClass, string> = {
  delivered: "The delivery is done.",
  retry: "The attempt counts. The next one follows by the schedule, and the delivery is exhausted after the last one.",
  park: "The delivery is parked. Sealpost does nothing more until it is retried or cancelled.",
  disable: "The delivery is parked, and the subscription is disabled. Later deliveries are held.",
  ours: "Sealpost failed, and the endpoint did not. The attempt does not count and is made again.",
};

const FAULT: Record<Fault, string> = {
  nobody: "",
  endpoint: "the endpoint's side",
  settings: "the subscription's settings",
  ours: "we",
};

export const outcomeClassesTable = (): string =>
  markdownTable(
    ["class", "what happens"],
    Object.entries(CLASS).map(([name, meaning]) => [code(name), meaning]),
  );

export const outcomesTable = (): string =>
  markdownTable(
    ["code", "in short", "class", "who can end it", "what happened", "what to do"],
    Object.entries(OUTCOMES).map(([name, row]) => [
      code(name),
      outcomeLabel(name) ?? "",
      code(row.class),
      FAULT[row.fault],
      row.explanation,
      row.hint,
    ]),
  );

/** Subscriptions: what each status does to deliveries, and which act leads to which status. */
export const subscriptionStatusesTable = (): string =>
  markdownTable(
    ["status", "meaning", "deliveries", "test events", "next"],
    Object.entries(LIFE).map(([status, { meaning, routing, test, next }]) => [
      code(status),
      meaning,
      routing,
      test,
      Object.entries(next)
        .flatMap(([act, to]) => (to === "same" ? [] : [`${act} → ${to === "before" ? "the status before" : code(to)}`]))
        .join(", "),
    ]),
  );

const ACT_MEANING: Record<LifeAct, string> = {
  verify: "Proves that the endpoint belongs to the consumer.",
  submit: "Asks the provider for approval.",
  approve: "The provider approves the subscription, or its further event types.",
  reject: "The provider refuses, with a reason.",
  pause: "Stops sending. Deliveries are held.",
  resume: "Starts sending. What was held goes out.",
  suspend: "The provider stops the subscription, with a reason. Its consumer cannot resume it.",
  reinstate: "The provider ends a suspension.",
  revise: "A consumer changes the subscription.",
  unverify: "A consumer changes the URL or the private authority of the endpoint. The endpoint must be verified again.",
  disable: "Sealpost itself disables the subscription, because the endpoint answered 410.",
};

/** The acts of the table before: what they do, and which act of roles-and-acts they need. */
export const lifeActsTable = (): string =>
  markdownTable(
    ["act", "meaning", "needs"],
    (Object.keys(LIFE_ACTS) as LifeAct[]).map((act) => [
      code(act),
      ACT_MEANING[act],
      LIFE_ACTS[act] === "service" ? "only the service does this" : code(LIFE_ACTS[act]),
    ]),
  );

const RECOVERY: Record<RecoveryStatus, string> = {
  waiting: "It waits until a second person releases it, at most 24 hours. Nothing is sent before.",
  running: "Deliveries are handed over at the pace of each subscription.",
  paused: "Nothing more is handed over until it is resumed. What was handed over goes on.",
  done: "Everything that the filter named was handed over.",
  cancelled: "It was cancelled. What was handed over before goes on.",
  refused: "The second person refused it. Nothing was sent.",
  expired: "No second person released it within 24 hours. Nothing was sent.",
  failed: "It could not go on. `error` says why. Start a new one.",
};
export const recoveryStatusesTable = (): string =>
  markdownTable(
    ["status", "meaning"],
    Object.entries(RECOVERY).map(([status, meaning]) => [code(status), meaning]),
  );

const GRANT_REQUEST: Record<GrantRequestStatus, string> = {
  open: "It waits for the provider's answer.",
  approved: "The provider approved it, and the group has the grant.",
  refused: "The provider refused it, with a reason.",
  withdrawn: "The consumer withdrew it.",
};
export const grantRequestStatusesTable = (): string =>
  markdownTable(
    ["status", "meaning"],
    Object.entries(GRANT_REQUEST).map(([status, meaning]) => [code(status), meaning]),
  );

/** The default schedule: the wait after each attempt. */
export const scheduleTable = (): string =>
  markdownTable(
    ["after attempt", "wait"],
    DEFAULT_SCHEDULE_SECONDS.map((seconds, index) => [String(index + 1), duration(seconds)]),
  );

function duration(seconds: number): string {
  if (seconds % 3_600 === 0) return `${seconds / 3_600} h`;
  return seconds % 60 === 0 ? `${seconds / 60} min` : `${seconds} s`;
}
