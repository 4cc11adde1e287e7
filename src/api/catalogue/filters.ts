/** Trying a filter before it is saved: on a payload, on the examples of an event type, and on its newest events. */
import type { z } from "zod";
import { compileFilter, type CompiledFilter } from "../../catalogue/filter.js";
import { filterInputOf, payloadForFilter } from "../../catalogue/filter-payload.js";
import { tryFilter } from "../../catalogue/filter-trial.js";
import type { EventRecord } from "../../store/model.js";
import type { Actor } from "../access/actor.js";
import { ownsApi, seesDelivery, seesEventType } from "../access/access.js";
import { refuse } from "../http/errors.js";
import { refuseFilter } from "../subscriptions/checks.js";
import { ok, type ApiRoute, route, type RequestContext } from "../route.js";
import { filterTestInput, filterTestView, MOST_SAMPLES } from "./filter-schemas.js";
import { filterWarnings } from "./filter-warnings.js";

type Given = z.output<typeof filterTestInput>;
type Samples = NonNullable<z.input<typeof filterTestView>["samples"]>;
type Compiled = Extract<CompiledFilter, { ok: true }>;
type Context = RequestContext<"store" | "catalogue" | "auditTally">;

const JSON_TYPE = "application/json";
/** Payloads are read on the thread that answers everybody. */
const MOST_BYTES = 2 * 1024 * 1024;
/** Deliveries that are looked through for events that a consumer has had. Several may be of one event. */
const MOST_DELIVERIES = 100;

/** As an event of this type with this payload. */
const exampleOf = (type: string, data: unknown) => ({
  id: "evt_example",
  type,
  contentType: JSON_TYPE,
  bytes: Buffer.from(JSON.stringify(data ?? null)),
});

function onExamples({ dependencies: { catalogue } }: Context, compiled: Compiled, eventType: string): Samples {
  return (catalogue.eventType(eventType)?.examples ?? []).map((example, index) => ({
    from: "example",
    index,
    ...tryFilter(compiled, filterInputOf(exampleOf(eventType, example))),
  }));
}

/** On events, newest first. That they were read is on record before anything of them is told. */
async function onEvents(context: Context, compiled: Compiled, { eventType = "", events }: Given): Promise<Samples> {
  const { store, auditTally } = context.dependencies;
  const known = await store.events.getMany(await visibleIds(context, eventType, events));
  const newest = [...known.values()]
    .filter(({ type }) => type === eventType)
    .sort((a, b) => b.acceptedAt.getTime() - a.acceptedAt.getTime());
  const payloads = await store.events.payloads(withinBytes(newest).map(({ id }) => id));
  const found = newest.flatMap(({ id }) => payloads.get(id) ?? []);
  if (found.length > 0)
    await auditTally.record({
      actor: context.actor.name,
      action: "content.read",
      subject: eventType,
      counts: { payloads: found.length },
      names: { events: found.map(({ record }) => record.id) },
    });
  return found.map(({ record, payload }) => ({
    from: "event",
    eventId: record.id,
    acceptedAt: record.acceptedAt.toISOString(),
    ...tryFilter(compiled, filterInputOf({ ...record, bytes: payload })),
  }));
}

/** The newest ones whose payloads together are no more than may be read for one request. */
function withinBytes(events: readonly EventRecord[]): EventRecord[] {
  let bytes = 0;
  return events.filter(({ size }) => (bytes += size) <= MOST_BYTES);
}

/**
 * The events whose payloads the actor may see. A provider sees those of its apis. A consumer sees those that a
 * subscription of its groups has a delivery of.
 */
async function visibleIds(context: Context, eventType: string, asked: string[] | undefined): Promise<string[]> {
  const { actor, dependencies } = context;
  const { store, catalogue } = dependencies;
  if (actor.groupIds === undefined) {
    const isOwn = (event: EventRecord): boolean => ownsApi(actor, event.apiId);
    if (asked) return [...(await store.events.getMany(asked)).values()].filter(isOwn).map(({ id }) => id);
    const filter = { type: eventType, ...(actor.apiIds && { apiIds: [...actor.apiIds] }) };
    return (await store.events.list({ limit: MOST_SAMPLES }, filter)).data.map(({ id }) => id);
  }
  const deliveries = await deliveriesOf(dependencies, actor, { eventType, asked });
  const seen = deliveries.filter((delivery) => seesDelivery(actor, catalogue, delivery));
  return [...new Set(seen.map(({ eventId }) => eventId))].slice(0, MOST_SAMPLES);
}

async function deliveriesOf(
  { store }: Context["dependencies"],
  actor: Actor,
  { eventType, asked }: { eventType: string; asked: string[] | undefined },
) {
  const groupIds = [...(actor.groupIds ?? [])];
  if (groupIds.length === 0) return [];
  if (!asked) return (await store.deliveries.list({ limit: MOST_DELIVERIES }, { groupIds, eventType })).data;
  const lists = await Promise.all(
    asked.map((eventId) => store.deliveries.list({ limit: 1 }, { groupIds, eventId, eventType })),
  );
  return lists.flatMap(({ data }) => data);
}

async function samplesOf(context: Context, compiled: Compiled, given: Given): Promise<Samples> {
  const { eventType = "", sample, events } = given;
  const examples = sample === "recent" ? [] : onExamples(context, compiled, eventType);
  const recent = sample === "examples" && !events ? [] : await onEvents(context, compiled, given);
  return [...examples, ...recent];
}

/** On the payload that was given: on its bytes, because a parsed number beyond 2^53 is rounded. */
function onData(
  compiled: Compiled,
  { data, type = "example.event", headers = { "content-type": JSON_TYPE } }: Given,
  bytes: Uint8Array = exampleOf(type, data).bytes,
) {
  return tryFilter(compiled, { event: { type, id: "evt_example" }, headers, data: payloadForFilter(JSON_TYPE, bytes) });
}

async function test(context: Context, given: Given, raw?: Uint8Array) {
  const { filter, eventType, type } = given;
  const {
    actor,
    dependencies: { catalogue },
  } = context;
  const refusal = refuseFilter(filter);
  const compiled = compileFilter(filter);
  if (refusal || !compiled.ok) return refusal ?? refuse("filter_invalid");
  if (eventType !== undefined && !seesEventType(actor, catalogue, eventType)) return refuse("event_type_unknown");
  const named = eventType ?? type ?? "";
  const warnings = seesEventType(actor, catalogue, named) ? filterWarnings(catalogue, filter, [named]) : [];
  return ok({
    ...((eventType === undefined || given.data !== undefined) && onData(compiled, given, raw)),
    ...(eventType !== undefined && { samples: await samplesOf(context, compiled, given) }),
    ...(warnings.length > 0 && { warnings }),
  });
}

export const filterApiRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/filters/test",
    operationId: "testFilter",
    tag: "Subscriptions",
    act: "subscriptions:write",
    summary: "Try a filter",
    description:
      "Evaluates a filter as a delivery would: over a payload, or over the examples and the newest events of an " +
      "event type. A consumer's events are those that its groups have deliveries of. At most 2 MiB of payloads are " +
      "read. Nothing is kept. The names in the filter are compared with the schema and examples of the event type.",
    body: filterTestInput,
    rawMember: "data",
    response: { status: 200, description: "What the filter says", schema: filterTestView },
    problems: ["filter_invalid", "event_type_unknown"],
    handle: async (context: Context, { body, raw }) => test(context, body, raw),
  }),
];
