/** The rotation of a subscription's secret, and its test event. The rest of its life is in life.ts. */
import { z } from "zod";
import { newSigningSecret } from "../../endpoint/signing/sign.js";
import { routingOf, TEST_EVENT_TYPE } from "../../catalogue/routes.js";
import type { SigningSecret, Subscription } from "../../store/model.js";
import { recordToldAct } from "../access/audit.js";
import { tellOfSubscription } from "../access/tell-notice.js";
import { refuse } from "../http/errors.js";
import { accepted, ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { published } from "../deliveries/schemas.js";
import { subscriptionRef } from "./about-schemas.js";
import { rotateInput, subscriptionWithSecret } from "./schemas.js";
import { statusConflict } from "./steps/take-step.js";
import { findSubscription, refuseSecret } from "./checks.js";
import { secretPrefix, viewWithSecret } from "./view.js";
import { DAY_OVERLAP_SECONDS, rotatedWith } from "../overlap.js";

const params = z.strictObject({ id: subscriptionRef });
/** As many signatures as one request carries. */
const MAX_SECRETS = 3;

/** The new secret comes first. The earlier ones sign until the overlap ends, with at most three secrets in all. */
function rotatedSecrets(secrets: readonly SigningSecret[], secret: string, overlapSeconds: number): SigningSecret[] {
  const now = new Date();
  const added: SigningSecret = { secret, createdAt: now };
  return rotatedWith(added, secrets, { overlapSeconds, now, most: MAX_SECRETS });
}

async function rotate(
  context: RequestContext<"store" | "catalogue" | "operations" | "log">,
  id: string,
  { overlapSeconds = DAY_OVERLAP_SECONDS, secret: given }: z.output<typeof rotateInput>,
) {
  if (!(await findSubscription(context, id))) return refuse("not_found");
  const refusal = given === undefined ? undefined : refuseSecret(given, "secret");
  if (refusal) return refusal;
  const secret = given ?? newSigningSecret();
  const after = await context.dependencies.store.subscriptions.update(id, (current) => ({
    ...current,
    secrets: rotatedSecrets(current.secrets, secret, overlapSeconds),
  }));
  if (!after) return refuse("not_found");
  await recordToldAct(context, "subscription.rotate_secret", id, { overlapSeconds, prefix: secretPrefix(secret) });
  const endsAt = new Date(Date.now() + overlapSeconds * 1_000).toISOString();
  tellOfSubscription(context, "secret.rotated", after, { detail: { endsAt } });
  await context.dependencies.operations.wake(id);
  return ok(viewWithSecret(context, after, secret));
}

function testBody({ id }: Subscription): Buffer {
  return Buffer.from(
    JSON.stringify({
      type: TEST_EVENT_TYPE,
      timestamp: new Date().toISOString(),
      data: { subscriptionId: id, message: "This is a test event of Sealpost. Nothing happened." },
    }),
  );
}

async function sendTest(context: RequestContext<"store" | "catalogue" | "publisher" | "limits">, id: string) {
  const subscription = await findSubscription(context, id);
  if (!subscription) return refuse("not_found");
  if (routingOf(subscription, TEST_EVENT_TYPE) === "none") return statusConflict(subscription);
  const limited = await context.dependencies.limits.refuse(context.actor, "test", {
    group: subscription.groupId,
    host: new URL(subscription.url).hostname,
  });
  if (limited) return limited;
  const [result] = await context.dependencies.publisher.publish([
    {
      type: TEST_EVENT_TYPE,
      contentType: "application/json",
      body: testBody(subscription),
      groups: [subscription.groupId],
      subscriptionIds: [id],
    },
  ]);
  if (!result?.ok) return refuse("unavailable", undefined, { retryAfterSeconds: result?.retryAfterSeconds ?? 5 });
  await recordToldAct(context, "subscription.test", id, { eventId: result.id });
  return accepted({ id: result.id, duplicate: result.duplicate });
}

export const subscriptionLifecycleRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/subscriptions/{id}/secret/rotate",
    operationId: "rotateSecret",
    tag: "Subscriptions",
    act: "subscriptions:write",
    summary: "Rotate the signing secret",
    description:
      "The answer contains the new secret. It is shown only once. It signs at once, and the " +
      "earlier ones sign too until the overlap ends.",
    params,
    body: rotateInput,
    bodyOptional: true,
    response: { status: 200, description: "The subscription with its new secret", schema: subscriptionWithSecret },
    problems: ["signing_secret_refused"],
    handle: async (context: RequestContext<"store" | "catalogue" | "operations" | "log">, { params: { id }, body }) =>
      rotate(context, id, body),
  }),
  route({
    method: "post",
    path: "/v1/subscriptions/{id}/test",
    operationId: "testSubscription",
    tag: "Subscriptions",
    act: "subscriptions:run",
    summary: "Send a test event",
    description:
      `An event of type \`${TEST_EVENT_TYPE}\` to this subscription alone, past its filter. A ` +
      "verified endpoint gets it before the subscription is in service.",
    params,
    response: { status: 202, description: "Durable", schema: published },
    problems: ["status_conflict", "unavailable", "rate_limited"],
    handle: async (context: RequestContext<"store" | "catalogue" | "publisher" | "limits">, { params: { id } }) =>
      sendTest(context, id),
  }),
];
