/**
 * What can be done with a subscription in its present state, by this role. It mirrors src/store/subscription-life.ts,
 * so that nobody is offered what the API would refuse. The API decides.
 */
import { mayDo } from "../../../api/access.js";
import type { Role } from "../../../api/queries.js";
import type { Subscription, SubscriptionStatus } from "../../../parts/subscription/model.js";

/** In the order in which they are offered. */
export const STEPS = [
  "verify",
  "submit",
  "approve",
  "reject",
  "resume",
  "pause",
  "reinstate",
  "suspend",
  "test",
] as const;
export type StepName = (typeof STEPS)[number];

const OF_STATUS: Record<SubscriptionStatus, readonly StepName[]> = {
  draft: ["verify"],
  verified: ["verify", "submit", "test"],
  submitted: ["approve", "reject", "test"],
  approved: ["resume", "reject", "test"],
  rejected: [],
  active: ["verify", "approve", "reject", "pause", "suspend", "test"],
  paused: ["verify", "approve", "reject", "resume", "suspend", "test"],
  suspended: ["verify", "approve", "reject", "reinstate", "test"],
  disabled: ["verify", "approve", "reject", "resume", "suspend", "test"],
};
const ACT = {
  verify: "subscriptions:write",
  submit: "subscriptions:write",
  approve: "subscriptions:decide",
  reject: "subscriptions:decide",
  pause: "subscriptions:run",
  resume: "subscriptions:run",
  suspend: "subscriptions:decide",
  reinstate: "subscriptions:decide",
  test: "subscriptions:run",
} as const;

const IN_SERVICE: readonly SubscriptionStatus[] = ["active", "paused", "suspended", "disabled"];
export const isInService = (status: SubscriptionStatus): boolean => IN_SERVICE.includes(status);

type Known = Pick<Subscription, "status" | "needsVerification" | "requestedEventTypes">;

/** Whether the present state allows the step, whoever takes it. */
export function isPossible(step: StepName, { status, needsVerification, requestedEventTypes }: Known): boolean {
  if (!OF_STATUS[status].includes(step)) return false;
  if (step === "resume") return needsVerification !== true;
  if (step === "approve" || step === "reject") return !isInService(status) || requestedEventTypes !== undefined;
  return true;
}

export const stepsFor = (role: Role, subscription: Known): StepName[] =>
  STEPS.filter((step) => mayDo(role, ACT[step]) && isPossible(step, subscription));

/** What leads on from here, for the button that stands out. */
export function nextStep(steps: readonly StepName[], { status, needsVerification }: Known): StepName | undefined {
  if (status === "draft" || needsVerification) return steps.find((step) => step === "verify");
  return steps.find((step) => step === "submit" || step === "approve" || step === "resume" || step === "reinstate");
}
