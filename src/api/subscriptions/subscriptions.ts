/**
 * Subscriptions: create, read, change, delete. The list is in list.ts, their life in life.ts, rotation and test in
 * secret-and-test.ts.
 */
import { randomUUID } from "node:crypto";
import { z } from "zod";
import { newSigningSecret } from "../../endpoint/signing/sign.js";
import { withKeys } from "../../endpoint/signing/signing-keys.js";
import { newId } from "../../store/ids.js";
import type { Subscription } from "../../store/model.js";
import { recordAct, recordToldAct } from "../access/audit.js";
import { tellOfSubscription } from "../access/tell-notice.js";
import { applyChange, exact } from "../http/change.js";
import { refuse, type Refusal } from "../http/errors.js";
import { duplicateOrThrow } from "../http/failure.js";
import { filterWarnings } from "../catalogue/filter-warnings.js";
import { created, noContent, ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { subscriptionRef } from "./about-schemas.js";
import { subscriptionChange, subscriptionInput, subscriptionView, subscriptionWithSecret } from "./schemas.js";
import { changed, isAboutOnly } from "./change-effects.js";
import {
  findSubscription,
  groupFor,
  readAuth,
  readTlsOver,
  refuseAuth,
  refuseEventTypes,
  refuseFilter,
  refuseHeaders,
  refuseRetry,
  refuseSecret,
  refuseUrl,
  withCanonicalUrls,
} from "./checks.js";
import { SERVICE_REASONS } from "../../store/notices/service-reasons.js";
import { withSettingChange } from "./steps/setting-changes.js";
import { decidableView } from "./steps/waiting-view.js";
import { subscriptionViewOf, viewWithSecret } from "./view.js";

const params = z.strictObject({ id: subscriptionRef });
const REFUSALS = [
  "event_type_not_granted",
  "filter_invalid",
  "target_refused",
  "tls_refused",
  "header_conflict",
  "external_id_taken",
] as const;

type Change = z.output<typeof subscriptionChange>;

/** The fields with certificates, keys and authorities in the form that is saved. `saved` is what a change replaces. */
function readFields<T extends Pick<Change, "tls" | "auth">>(fields: T, saved?: Subscription["tls"]): T | Refusal {
  const tls = fields.tls ? readTlsOver(saved, exact(fields.tls)) : fields.tls;
  if (tls && "refused" in tls) return tls;
  const auth = fields.auth ? readAuth(fields.auth) : fields.auth;
  if (auth && "refused" in auth) return auth;
  return { ...fields, ...(tls && { tls }), ...(auth && { auth }) };
}

/** `before` is what a change applies to. */
async function refuseFields(
  context: RequestContext<"catalogue" | "refuseTarget">,
  group: string,
  fields: Change,
  before: Partial<Subscription> = {},
): Promise<Refusal | undefined> {
  if (fields.eventTypes) {
    const refusal = await refuseEventTypes(context, group, fields.eventTypes);
    if (refusal) return refusal;
  }
  const { auth, headers } = applyChange<Partial<Subscription>>(
    before,
    exact({ auth: fields.auth, headers: fields.headers }),
  );
  const refusal = refuseHeaders(auth, headers) ?? (fields.auth ? await refuseAuth(context, fields.auth) : undefined);
  if (refusal) return refusal;
  if (typeof fields.filter === "string") {
    const refusal = refuseFilter(fields.filter);
    if (refusal) return refusal;
  }
  return fields.url === undefined ? undefined : refuseUrl(context, fields.url);
}

/** The subscription with the schemes that were chosen, and with the keys that they need. */
function signedAs(
  subscription: Subscription,
  given: Change["signing"] | z.output<typeof subscriptionInput>["signing"],
  now: Date,
): Subscription {
  if (given === undefined) return subscription;
  const { signing: _before, ...rest } = subscription;
  if (given === null) return withKeys(rest, now);
  return withKeys(
    { ...rest, signing: { schemes: given.schemes ?? ["v1"], ...(given.rfc9421 && { rfc9421: exact(given.rfc9421) }) } },
    now,
  );
}

async function createSubscription(
  context: RequestContext<"store" | "catalogue" | "limits" | "refuseTarget">,
  input: z.output<typeof subscriptionInput>,
) {
  const { groupId: given, signing, initialStatus, ...asGiven } = input;
  const consumes = context.actor.role === "consumer";
  if (consumes && initialStatus === "active")
    return refuse("forbidden", "A consumer's subscription begins as a draft.");
  const group = await groupFor(context, given);
  if (typeof group !== "string") return group;
  const status = consumes ? "draft" : (initialStatus ?? "active");
  // The limit comes before any look-up, because each draft has names resolved and adds an endpoint to verify.
  const limited =
    status === "draft" ? await context.dependencies.limits.refuse(context.actor, "drafts", { group }) : undefined;
  if (limited) return limited;
  const fields = readFields(asGiven);
  if ("refused" in fields) return fields;
  const refusal =
    refuseRetry(context, fields.retry) ??
    (await refuseFields(context, group, fields)) ??
    (signing?.secret === undefined ? undefined : refuseSecret(signing.secret, "signing.secret"));
  if (refusal) return refusal;
  const now = new Date();
  const secret = signing?.secret ?? newSigningSecret();
  const subscription = signedAs(
    {
      id: newId("sub"),
      groupId: group,
      ...withCanonicalUrls(exact(fields)),
      secrets: [{ secret, createdAt: now }],
      status,
      createdAt: now,
      updatedAt: now,
    },
    signing,
    now,
  );
  const taken = await context.dependencies.store.subscriptions.insert(subscription).then(() => false, duplicateOrThrow);
  if (taken) return refuse("external_id_taken");
  await recordToldAct(context, "subscription.create", subscription.id, {
    groupId: group,
    eventTypes: subscription.eventTypes,
    status: subscription.status,
  });
  return created(
    { ...viewWithSecret(context, subscription, secret), ...warned(context, subscription) },
    `/v1/subscriptions/${subscription.id}`,
  );
}

async function changeSubscription(
  context: RequestContext<"store" | "catalogue" | "operations" | "refuseTarget" | "log">,
  id: string,
  given: Change,
) {
  const { store, operations } = context.dependencies;
  const before = await findSubscription(context, id);
  if (!before) return refuse("not_found");
  const change = readFields(given, before.tls);
  if ("refused" in change) return change;
  const refusal =
    refuseRetry(context, change.retry, before.retry) ?? (await refuseFields(context, before.groupId, change, before));
  if (refusal) return refusal;
  const { signing, ...fields } = change;
  const canonical = withCanonicalUrls(exact(fields));
  const changeId = randomUUID();
  const after = await store.subscriptions
    .update(id, (current) =>
      withSettingChange(current, signedAs(changed(context, current, canonical), signing, new Date()), changeId),
    )
    .catch(duplicateOrThrow);
  if (after === true) return refuse("external_id_taken");
  if (!after) return refuse("not_found");
  await recordToldAct(context, "subscription.change", id, {
    fields: Object.keys(change),
    status: after.status,
    change: changeId,
  });
  // Asking for the same again makes nobody decide twice.
  if (change.eventTypes && after.requestedEventTypes && !isSameList(before, after))
    tellOfSubscription(context, "subscription.submitted", after, { reason: SERVICE_REASONS.further_types });
  if (change.rateLimit !== undefined) await operations.configureBucket(after);
  if (!isAboutOnly(change)) await operations.wake(id);
  // What failed before may be what was changed.
  if (!isAboutOnly(change) && after.health) await operations.tryEndpoint(after);
  return ok({
    ...subscriptionViewOf(context, after),
    ...((change.filter !== undefined || change.eventTypes) && warned(context, after)),
  });
}

const isSameList = ({ requestedEventTypes: a = [] }: Subscription, { requestedEventTypes: b = [] }: Subscription) =>
  a.length === b.length && a.every((name) => b.includes(name));

/** What should be looked at again in the filter, for the event types that are served and those that are asked for. */
function warned(
  { dependencies: { catalogue } }: RequestContext<"catalogue">,
  { filter, eventTypes, requestedEventTypes }: Subscription,
): { warnings?: string[] } {
  const warnings = filterWarnings(catalogue, filter, requestedEventTypes ?? eventTypes);
  return warnings.length > 0 ? { warnings } : {};
}

export const subscriptionRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/subscriptions",
    operationId: "createSubscription",
    tag: "Subscriptions",
    act: "subscriptions:write",
    summary: "Create a subscription",
    description:
      "A consumer's subscription begins as a draft. The answer contains the signing secret. " +
      "It is shown only once.",
    body: subscriptionInput,
    response: { status: 201, description: "Created", schema: subscriptionWithSecret },
    problems: [...REFUSALS, "group_unknown", "signing_secret_refused", "rate_limited"],
    handle: async (context: RequestContext<"store" | "catalogue" | "limits" | "refuseTarget">, { body }) =>
      createSubscription(context, body),
  }),
  route({
    method: "get",
    path: "/v1/subscriptions/{id}",
    operationId: "readSubscription",
    tag: "Subscriptions",
    act: "subscriptions:read",
    summary: "Read a subscription",
    params,
    response: { status: 200, description: "The subscription", schema: subscriptionView },
    async handle(context: RequestContext<"store" | "catalogue" | "settings" | "auditTally">, { params: { id } }) {
      const subscription = await findSubscription(context, id);
      return subscription ? ok(await decidableView(context, subscription)) : refuse("not_found");
    },
  }),
  route({
    method: "patch",
    path: "/v1/subscriptions/{id}",
    operationId: "changeSubscription",
    tag: "Subscriptions",
    act: "subscriptions:write",
    summary: "Change a subscription",
    description:
      "What is held or throttled looks again at once. A consumer's new endpoint in service is held " +
      "until it is verified, and event types that need approval wait for it.",
    params,
    body: subscriptionChange,
    response: { status: 200, description: "The subscription as it is now", schema: subscriptionView },
    problems: REFUSALS,
    handle: async (
      context: RequestContext<"store" | "catalogue" | "operations" | "refuseTarget" | "log">,
      { params: { id }, body },
    ) => changeSubscription(context, id, body),
  }),
  route({
    method: "delete",
    path: "/v1/subscriptions/{id}",
    operationId: "deleteSubscription",
    tag: "Subscriptions",
    act: "subscriptions:write",
    summary: "Delete a subscription",
    description: "Deliveries that are not settled are cancelled when they are due next. Their records stay.",
    params,
    response: { status: 204, description: "Deleted" },
    async handle(context: RequestContext<"store" | "catalogue" | "operations">, { params: { id } }) {
      const subscription = await findSubscription(context, id);
      if (!subscription || !(await context.dependencies.store.subscriptions.delete(id))) return refuse("not_found");
      await recordAct(context, "subscription.delete", id, { groupId: subscription.groupId });
      await context.dependencies.operations.wake(id);
      return noContent;
    },
  }),
];
