/** The life of a subscription over HTTP. Each act of the table in src/store/subscription-life.ts is a route. */
import { z } from "zod";
import {
  VERIFICATION_EVENT_TYPE,
  type EndpointVerification,
  verifyByChallenge,
  verifyByHandshake,
} from "../../endpoint/verify.js";
import type { Subscription } from "../../store/model.js";
import { LIFE, LIFE_ACTS, possibleActs } from "../../store/subscription-life.js";
import { recordAct } from "../access/audit.js";
import { refuse, type Refusal } from "../http/errors.js";
import { ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { activation, optionalReason, neededReason, verification } from "./life-schemas.js";
import { subscriptionRef } from "./about-schemas.js";
import { subscriptionView } from "./schemas.js";
import { tellOfSubscription } from "../access/tell-notice.js";
import { findSubscription, isSameEndpoint } from "./checks.js";
import { SERVICE_REASONS } from "../../store/notices/service-reasons.js";
import { decide } from "./steps/decide.js";
import { asService, statusConflict, take } from "./steps/take-step.js";
import { subscriptionViewOf } from "./view.js";

const params = z.strictObject({ id: subscriptionRef });

async function answer(
  context: RequestContext<"store" | "catalogue" | "log" | "operations">,
  id: string,
  steps: () => Promise<Subscription | Refusal>,
) {
  if (!(await findSubscription(context, id))) return refuse("not_found");
  const after = await steps();
  if ("refused" in after) return after;
  const { operations } = context.dependencies;
  await operations.wake(id);
  if (after.health && LIFE[after.status].routing === "sent") await operations.tryEndpoint(after);
  return ok(subscriptionViewOf(context, after));
}

/** Approved at once where every api of its event types says so. */
async function submit(
  context: RequestContext<"store" | "catalogue" | "log">,
  id: string,
  reason: string | undefined,
): Promise<Subscription | Refusal> {
  const submitted = await take(context, id, "submit", { reason });
  if ("refused" in submitted) return submitted;
  if (!submitted.eventTypes.every((name) => isAutomatic(context, name))) {
    tellOfSubscription(context, "subscription.submitted", submitted, { reason });
    return submitted;
  }
  return take(asService(context), id, "approve", { reason: SERVICE_REASONS.automatic });
}

/** Whether a consumer's subscription to the event type needs no approval. */
export const isAutomatic = (
  { dependencies: { catalogue } }: Pick<RequestContext<"catalogue">, "dependencies">,
  eventType: string,
): boolean => catalogue.api(catalogue.eventType(eventType)?.apiId ?? "")?.approval === "automatic";

async function approve(
  context: RequestContext<"store" | "catalogue" | "log" | "settings">,
  id: string,
  { reason, activate }: z.output<typeof activation>,
): Promise<Subscription | Refusal> {
  const approved = await decide(context, id, "approve", reason);
  if ("refused" in approved || !activate || approved.status !== "approved") return approved;
  return take(context, id, "resume", { reason });
}

async function verify(
  context: RequestContext<"store" | "catalogue" | "log" | "operations" | "limits" | "settings" | "endpointRequest">,
  id: string,
  method: "challenge" | "cloudevents",
): Promise<Subscription | Refusal> {
  const { store, endpointRequest: request, settings, operations, limits } = context.dependencies;
  const subscription = await store.subscriptions.get(id);
  if (!subscription) return refuse("not_found");
  if (!possibleActs(subscription).includes("verify")) return statusConflict(subscription);
  const limited = await limits.refuse(context.actor, "verify", {
    group: subscription.groupId,
    host: new URL(subscription.url).hostname,
  });
  if (limited) return limited;
  const result =
    method === "challenge"
      ? await verifyByChallenge(request, subscription)
      : await verifyByHandshake(request, subscription, new URL(settings.publicUrl).host);
  if (!result.ok) return verificationFailed(context, id, result, method);
  const { rateLimit } = result;
  const after = await take(context, id, "verify", {
    // A change that came meanwhile has not been verified.
    change: (current) =>
      isSameEndpoint(current, subscription) ? { ...current, ...(rateLimit && { rateLimit }) } : undefined,
  });
  if (!("refused" in after) && rateLimit) await operations.configureBucket(after);
  return after;
}

async function verificationFailed(
  context: RequestContext<"store" | "catalogue" | "log">,
  id: string,
  { code, explanation, hint }: Extract<EndpointVerification, { ok: false }>,
  method: string,
): Promise<Refusal> {
  await recordAct(context, "subscription.verification_failed", id, { code, method });
  return refuse("verification_failed", `${explanation} ${hint}`, { errors: [{ path: "url", message: code }] });
}

const response = { status: 200, description: "The subscription as it is now", schema: subscriptionView } as const;

/** What the routes of all steps say of themselves. */
const stepOf = (act: "pause" | "resume" | "reinstate" | "reject" | "suspend", summary: string, description: string) =>
  ({
    method: "post",
    path: `/v1/subscriptions/{id}/${act}`,
    operationId: `${act}Subscription`,
    tag: "Subscriptions",
    act: LIFE_ACTS[act],
    summary,
    description,
    params,
    response,
    problems: ["status_conflict"],
  }) as const;

/** An act that is no more than its step. */
const stepRoute = (act: "pause" | "resume" | "reinstate", summary: string, description: string): ApiRoute =>
  route({
    ...stepOf(act, summary, description),
    body: optionalReason,
    bodyOptional: true,
    handle: async (
      context: RequestContext<"store" | "catalogue" | "log" | "operations">,
      { params: { id }, body: { reason } },
    ) => answer(context, id, () => take(context, id, act, { reason })),
  });
const reasonedRoute = (act: "reject" | "suspend", summary: string, description: string): ApiRoute =>
  route({
    ...stepOf(act, summary, description),
    problems: act === "reject" ? ["status_conflict", "second_person_needed"] : ["status_conflict"],
    body: neededReason,
    handle: async (
      context: RequestContext<"store" | "catalogue" | "log" | "operations" | "settings">,
      { params: { id }, body: { reason } },
    ) =>
      answer(context, id, () =>
        act === "reject" ? decide(context, id, act, reason) : take(context, id, act, { reason }),
      ),
  });

export const subscriptionLifeRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/subscriptions/{id}/verify",
    operationId: "verifySubscription",
    tag: "Subscriptions",
    act: LIFE_ACTS.verify,
    summary: "Verify the endpoint",
    description:
      `\`challenge\`: a signed event of type \`${VERIFICATION_EVENT_TYPE}\`, answered with its ` +
      `\`data.challenge\`. \`cloudevents\`: the OPTIONS handshake of CloudEvents HTTP webhook ` +
      "1.0.2, " +
      "whose allowed rate bounds the subscription's. Answers within 10 s.",
    params,
    body: verification,
    bodyOptional: true,
    response,
    problems: ["status_conflict", "verification_failed", "rate_limited"],
    handle: async (
      context: RequestContext<"store" | "catalogue" | "log" | "operations" | "limits" | "settings" | "endpointRequest">,
      { params: { id }, body: { method = "challenge" } },
    ) => answer(context, id, () => verify(context, id, method)),
  }),
  route({
    method: "post",
    path: "/v1/subscriptions/{id}/submit",
    operationId: "submitSubscription",
    tag: "Subscriptions",
    act: LIFE_ACTS.submit,
    summary: "Submit a verified subscription for approval",
    description: "Approved at once where approval is automatic for every api of its event types.",
    params,
    body: optionalReason,
    bodyOptional: true,
    response,
    problems: ["status_conflict"],
    handle: async (
      context: RequestContext<"store" | "catalogue" | "log" | "operations">,
      { params: { id }, body: { reason } },
    ) => answer(context, id, () => submit(context, id, reason)),
  }),
  route({
    method: "post",
    path: "/v1/subscriptions/{id}/approve",
    operationId: "approveSubscription",
    tag: "Subscriptions",
    act: LIFE_ACTS.approve,
    summary: "Approve a submitted subscription, or the further event types of one in service",
    description: "It goes into service when its consumer resumes it, or at once with `activate`.",
    params,
    body: activation,
    bodyOptional: true,
    response,
    problems: ["status_conflict", "second_person_needed"],
    handle: async (
      context: RequestContext<"store" | "catalogue" | "log" | "operations" | "settings">,
      { params: { id }, body },
    ) => answer(context, id, () => approve(context, id, body)),
  }),
  reasonedRoute(
    "reject",
    "Refuse a subscription, or the further event types of one in service",
    "A change by its consumer makes a refused subscription a draft again.",
  ),
  stepRoute("pause", "Pause a subscription", "Deliveries are held and nothing is lost. They are sent after a resume."),
  stepRoute(
    "resume",
    "Put into service: an approved, paused or disabled subscription",
    "Held deliveries are sent. It is not possible while the provider has suspended the subscription, " +
      "or while its new endpoint is not verified.",
  ),
  reasonedRoute(
    "suspend",
    "Suspend a subscription in service",
    "Deliveries are held until the provider reinstates it. Its consumer cannot resume it.",
  ),
  stepRoute("reinstate", "End a suspension", "The subscription has its earlier status again."),
];
