/**
 * Whether deliveries to an endpoint wait because it is failing. The record of the subscription says so, and every
 * process has it in its catalogue. Asking costs no message.
 */
import type { Attempt, Subscription } from "../../store/model.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { TEST_EVENT_TYPE } from "../../catalogue/routes.js";
import type { RetryItem } from "../../workflows/contract.js";
import { HOUR_MS, MINUTE_MS } from "../../workflows/durations.js";
import type { OutcomeReports } from "./outcome-reports.js";

/** What asks to be sent. */
export type Asking = Pick<RetryItem, "eventType" | "attempts" | "pass" | "asked" | "notBefore">;

export interface BreakerGate {
  /** Whether it waits now, and why. Undefined: it may be sent. */
  whyWaits(subscription: Pick<Subscription, "id" | "health">, asking: Asking): string | undefined;
  /** Tells what an attempt came to. */
  note(subscription: Subscription, attempt: Attempt): void;
}

export function createBreakerGate({
  catalogue,
  reports,
}: {
  catalogue: Pick<Catalogue, "subscription">;
  reports: OutcomeReports;
}): BreakerGate {
  return {
    whyWaits(given, asking) {
      const { health } = catalogue.subscription(given.id) ?? given;
      if (!health || (health.state !== "failing" && health.state !== "recovering")) return undefined;
      if (asking.pass === "probe" || isAskedByPerson(asking)) return undefined;
      if (health.state === "recovering" && asking.pass) return undefined;
      // Without a probe ahead nobody would try the endpoint.
      if (!health.nextProbeAt || health.nextProbeAt.getTime() < Date.now() - MINUTE_MS) reports.waits(given.id);
      return WHY[health.state];
    },
    note: (subscription, attempt) => reports.note(subscription, attempt),
  };
}

const WHY = {
  failing: "The endpoint is failing. This delivery waits, without spending attempts, until the endpoint answers again.",
  recovering: "The endpoint answers again. This delivery waits for its turn, because the oldest ones go first.",
} as const;

/** A person who presses *Resend* or sends a test event wants to see what the endpoint says now. A recovery can wait. */
const isAskedByPerson = ({ asked, notBefore, eventType, attempts }: Asking): boolean =>
  (asked === true && notBefore === undefined) || (eventType === TEST_EVENT_TYPE && attempts === 0);

const LEAST_WAIT_MS = 15 * MINUTE_MS;
const LONGEST_WAIT_MS = 12 * HOUR_MS;

/**
 * When a waiting delivery looks again by itself, should nobody tell it. That happens only if a worker was lost at the
 * wrong moment. The time doubles with its age and is spread, so 100,000 of them do not wake together or often.
 */
export function looksAgainAt(since: number, now = Date.now(), random = Math.random()): number {
  const wait = Math.min(Math.max(now - since, LEAST_WAIT_MS), LONGEST_WAIT_MS);
  return Math.round(now + wait * (1 + random / 2));
}
