/** Pause, resume, secret rotation and test event of a subscription. */
import { z } from "zod";
import { newSigningSecret } from "../activities/sign.js";
import { TEST_EVENT_TYPE } from "../activities/routes.js";
import type { SigningSecret, Subscription } from "../store/model.js";
import { recordAct } from "./audit.js";
import { refuse } from "./errors.js";
import { accepted, ok, type RequestContext, type Route, route } from "./route.js";
import { published } from "./schemas/events.js";
import { rotateInput, subscriptionId, subscriptionView, subscriptionWithSecret } from "./schemas/subscriptions.js";
import { findSubscription, refuseSecret } from "./subscription-checks.js";
import { secretPrefix, viewOf, viewWithSecret } from "./subscription-view.js";

const params = z.strictObject({ id: subscriptionId });
/** A day, as the secrets' users need to change over. */
const DEFAULT_OVERLAP_SECONDS = 86_400;
/** As many signatures as one request carries. */
const MAX_SECRETS = 3;

async function setStatus(context: RequestContext, id: string, status: "active" | "paused") {
  const { store, operations } = context.dependencies;
  if (!(await findSubscription(context, id))) return refuse("not_found");
  const after = await store.subscriptions.update(id, (current) => {
    if (current.status === status) return current;
    const { statusReason: _reason, throttledUntil: _until, ...rest } = current;
    return { ...rest, status, statusAt: new Date(), ...(status === "paused" && { statusReason: "Paused on request." }) };
  });
  if (!after) return refuse("not_found");
  await recordAct(context, status === "paused" ? "subscription.pause" : "subscription.resume", id);
  await operations.wake(id);
  return ok(viewOf(after));
}

/** The new secret first; those before sign on until the overlap ends, at most three in all. */
export function rotated(secrets: readonly SigningSecret[], secret: string, overlapSeconds: number, now: Date): SigningSecret[] {
  const end = new Date(now.getTime() + overlapSeconds * 1_000);
  const before = secrets
    .map((each) => ({ ...each, expiresAt: each.expiresAt && each.expiresAt < end ? each.expiresAt : end }))
    .filter((each) => each.expiresAt > now);
  return [{ secret, createdAt: now }, ...before].slice(0, MAX_SECRETS);
}

async function rotate(context: RequestContext, id: string, { overlapSeconds = DEFAULT_OVERLAP_SECONDS, secret: given }: z.output<typeof rotateInput>) {
  if (!(await findSubscription(context, id))) return refuse("not_found");
  const refusal = given === undefined ? undefined : refuseSecret(given, "secret");
  if (refusal) return refusal;
  const secret = given ?? newSigningSecret();
  const after = await context.dependencies.store.subscriptions.update(id, (current) =>
    ({ ...current, secrets: rotated(current.secrets, secret, overlapSeconds, new Date()) }));
  if (!after) return refuse("not_found");
  await recordAct(context, "subscription.rotate_secret", id, { overlapSeconds, prefix: secretPrefix(secret) });
  await context.dependencies.operations.wake(id);
  return ok(viewWithSecret(after, secret));
}

function testBody({ id }: Subscription): Buffer {
  return Buffer.from(JSON.stringify({
    type: TEST_EVENT_TYPE, timestamp: new Date().toISOString(), data: { subscriptionId: id, message: "A test event of Sealpost: nothing happened." },
  }));
}

async function sendTest(context: RequestContext, id: string) {
  const subscription = await findSubscription(context, id);
  if (!subscription) return refuse("not_found");
  const [result] = await context.dependencies.publisher.publish([{
    type: TEST_EVENT_TYPE, contentType: "application/json", body: testBody(subscription), groups: [subscription.groupId], subscriptionIds: [id],
  }]);
  if (!result?.ok) return refuse("unavailable", undefined, { retryAfterSeconds: result?.retryAfterSeconds ?? 5 });
  await recordAct(context, "subscription.test", id, { eventId: result.id });
  return accepted({ id: result.id, duplicate: result.duplicate });
}

export const subscriptionLifecycleRoutes: readonly Route[] = [
  route({
    method: "post", path: "/v1/subscriptions/{id}/pause", operationId: "pauseSubscription", tag: "Subscriptions", act: "subscriptions:run",
    summary: "Pause a subscription", description: "Deliveries are held; nothing is lost, it goes out on resume.",
    params, response: { status: 200, description: "The subscription as it is now", schema: subscriptionView },
    handle: async (context, { params: { id } }) => setStatus(context, id, "paused"),
  }),
  route({
    method: "post", path: "/v1/subscriptions/{id}/resume", operationId: "resumeSubscription", tag: "Subscriptions", act: "subscriptions:run",
    summary: "Resume a paused or disabled subscription",
    params, response: { status: 200, description: "The subscription as it is now", schema: subscriptionView },
    handle: async (context, { params: { id } }) => setStatus(context, id, "active"),
  }),
  route({
    method: "post", path: "/v1/subscriptions/{id}/secret/rotate", operationId: "rotateSecret", tag: "Subscriptions", act: "subscriptions:write",
    summary: "Rotate the signing secret", description: "The new secret signs at once, and is shown this once; the ones before sign too until the overlap ends.",
    params, body: rotateInput, bodyOptional: true, response: { status: 200, description: "The subscription with its new secret", schema: subscriptionWithSecret },
    problems: ["signing_secret_refused"],
    handle: async (context, { params: { id }, body }) => rotate(context, id, body),
  }),
  route({
    method: "post", path: "/v1/subscriptions/{id}/test", operationId: "testSubscription", tag: "Subscriptions", act: "subscriptions:run",
    summary: "Send a test event", description: `An event of type \`${TEST_EVENT_TYPE}\` to this subscription alone.`,
    params, response: { status: 202, description: "Durable", schema: published }, problems: ["unavailable"],
    handle: async (context, { params: { id } }) => sendTest(context, id),
  }),
];
