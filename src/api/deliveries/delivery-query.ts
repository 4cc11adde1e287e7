/** What deliveries can be asked for: the filters of their list, of its count and of its export. */
import { z } from "zod";
import { OUTCOMES } from "../../endpoint/outcomes.js";
import { DELIVERY_STATUSES } from "../../workflows/contract.js";
import { DAY_MS } from "../../workflows/durations.js";
import type { Delivery } from "../../store/model.js";
import type { Counted } from "../../store/collection.js";
import type { DeliveryFilter, StatusRange } from "../../store/store.js";
import { ownsApi, ownsEventType, seesDelivery } from "../access/access.js";
import { apiRef, groupRef } from "../catalogue/schemas.js";
import { eventRef, eventTypeName, instantOrAgo, pageQuery } from "../http/primitives.js";
import { ok, type Reply, type RequestContext } from "../route.js";
import { subscriptionId } from "../subscriptions/schemas.js";
import { type countView, deliveryId } from "./schemas.js";

/** One value, or several with commas. */
export const listOf = <T extends z.ZodType<string, string>>(
  item: T,
  { max, pattern }: { max: number; pattern: string },
  what: string,
) =>
  z
    .string()
    .max(max)
    .transform((list) => list.split(","))
    .pipe(z.array(item))
    .optional()
    .meta({
      description: `${what}, or several with commas`,
      override: { type: "string", maxLength: max, pattern: `^(${pattern})(,(${pattern}))*$` },
    });

const outcomeCodes = Object.keys(OUTCOMES).sort();
const FAULTS = ["endpoint", "settings", "ours"] as const;
const STATUS = "[1-9][0-9]{2}|[1-5]xx";
const status = z
  .string()
  .regex(new RegExp(`^(${STATUS})$`), "must be an HTTP status such as 400, or a class such as 4xx");
const wholeNumber = (max: number, what: string) =>
  z
    .string()
    .regex(/^(0|[1-9][0-9]{0,8})$/, `must be a whole number from 0 to ${max}`)
    .transform(Number)
    .pipe(z.number().max(max, `must be at most ${max}`))
    .optional()
    .meta({ description: what, override: { type: "integer", minimum: 0, maximum: max, pattern: undefined } });

/** Parts of the text that a filter `q` can mean. */
const named = z
  .string()
  .min(1)
  .max(800)
  .transform((text) => {
    const [delivery, event] = [deliveryId.safeParse(text), eventRef.safeParse(text)];
    return { ...(delivery.success && { deliveryId: delivery.data }), ...(event.success && { eventId: event.data }) };
  })
  .refine(
    (ids) => Object.keys(ids).length > 0,
    "must be the id of a delivery or of an event, or a webhook-id, as a whole",
  )
  .meta({ description: "The id of a delivery or of an event, or a `webhook-id`, as a whole" });

export const deliveryFilter = z.strictObject({
  status: listOf(z.enum(DELIVERY_STATUSES), { max: 128, pattern: DELIVERY_STATUSES.join("|") }, "One status"),
  groupId: groupRef.optional(),
  apiId: apiRef.optional().meta({ description: "Only events of this api" }),
  subscriptionId: subscriptionId.optional(),
  eventType: eventTypeName.optional(),
  eventId: eventRef.optional(),
  q: named.optional(),
  httpStatus: listOf(status, { max: 128, pattern: STATUS }, "HTTP status of the newest attempt, `400` or `4xx`"),
  outcome: listOf(
    z.enum(outcomeCodes),
    { max: 1_024, pattern: outcomeCodes.join("|") },
    "Outcome of the newest attempt",
  ),
  fault: z.enum(FAULTS).optional().meta({ description: "On whose side the newest attempt failed" }),
  durationMin: wholeNumber(DAY_MS, "Milliseconds that the newest attempt took at least"),
  attemptsMin: wholeNumber(1_000_000, "So many attempts at least"),
  since: instantOrAgo.optional().meta({ description: "Created at or after: an instant, or -15m, -24h, -7d ago" }),
  until: instantOrAgo.optional().meta({ description: "Created before" }),
});
export type DeliveryFilterInput = z.output<typeof deliveryFilter>;

export const order = z
  .enum(["asc", "desc"])
  .optional()
  .meta({ description: "By creation: `desc`, the newest first, or `asc`. `desc` when absent" });
export const deliveryQuery = pageQuery.extend(deliveryFilter.shape).extend({ order });

const rangeOf = (text: string): StatusRange => {
  const from = Number(text.replace("xx", "00"));
  return text.endsWith("xx") ? { from, to: from + 99 } : { from, to: from };
};

/** What of the query and the actor's limits together may be shown. Undefined when nothing can be. */
export function deliveryFilterOf(
  { dependencies: { catalogue }, actor }: RequestContext<"catalogue">,
  query: DeliveryFilterInput,
): DeliveryFilter | undefined {
  const { groupId: group, eventType, apiId: api } = query;
  if (api !== undefined && !ownsApi(actor, api)) return undefined;
  if (group !== undefined && actor.groupIds?.includes(group) === false) return undefined;
  const groupIds = group === undefined ? actor.groupIds : [group];
  // Of one event type memory knows whose it is, and the store need not be told.
  if (eventType !== undefined && actor.apiIds && !ownsEventType(actor, catalogue, eventType)) return undefined;
  if (api !== undefined && eventType !== undefined && catalogue.eventType(eventType)?.apiId !== api) return undefined;
  const apiIds = eventType !== undefined ? undefined : api === undefined ? actor.apiIds : [api];
  const types =
    apiIds &&
    catalogue
      .eventTypes()
      .filter((type) => apiIds.includes(type.apiId))
      .map((type) => type.name);
  if (groupIds?.length === 0 || types?.length === 0) return undefined;
  return {
    ...(groupIds && { groupIds: [...groupIds] }),
    ...(apiIds && types && { apiIds: [...apiIds], apiEventTypes: types }),
    ...askedFor(query),
  };
}

/** The outcomes that were asked for, by their codes, by whose fault they are, or by both. */
function outcomesOf({ outcome, fault }: DeliveryFilterInput): string[] | undefined {
  if (fault === undefined) return outcome;
  const faults = new Map<string, { fault: string }>(Object.entries(OUTCOMES));
  return (outcome ?? outcomeCodes).filter((code) => faults.get(code)?.fault === fault);
}

function askedFor(query: DeliveryFilterInput): DeliveryFilter {
  const { status: statuses, subscriptionId: subscription, eventType, eventId, q, httpStatus } = query;
  const outcome = outcomesOf(query);
  const { durationMin, attemptsMin, since, until } = query;
  return {
    ...(statuses && { status: statuses }),
    ...(subscription !== undefined && { subscriptionId: subscription }),
    ...(eventType !== undefined && { eventType }),
    ...(eventId !== undefined && { eventId }),
    ...(q && { named: q }),
    ...(httpStatus && { httpStatus: httpStatus.map(rangeOf) }),
    ...(outcome && { outcome }),
    ...(durationMin !== undefined && { durationMin }),
    ...(attemptsMin !== undefined && { attemptsMin }),
    ...(since !== undefined && { since: new Date(since) }),
    ...(until !== undefined && { until: new Date(until) }),
  };
}

/** Judges each delivery, where the filter alone does not say what the actor may see. */
export function judgeOf({
  dependencies: { catalogue },
  actor,
}: RequestContext<"catalogue">): ((delivery: Delivery) => boolean) | undefined {
  if (actor.apiIds === undefined) return undefined;
  return (delivery) => seesDelivery(actor, catalogue, delivery);
}

/** The answer of a count. */
export const countReply = ({ count, exact }: Counted): Reply<z.input<typeof countView>> =>
  ok({ count, exact, atLeast: !exact });
