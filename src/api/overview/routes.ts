/**
 * `GET /v1/overview`: how it stands, in one answer. It is composed from memory and a few bounded reads. Equal questions
 * of actors who see the same share one answer for two seconds.
 */
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { Subscription } from "../../store/model.js";
import type { Backlog } from "../../store/deliveries/backlog.js";
import type { Store } from "../../store/store.js";
import { StoreError } from "../../store/store-error.js";
import { mayAct, ownsApi, seesDelivery, seesGroup, seesSubscription } from "../access/access.js";
import { apiRef, groupRef } from "../catalogue/schemas.js";
import { deliveryFilterOf } from "../deliveries/delivery-query.js";
import { MOST_COUNTED } from "../deliveries/schemas.js";
import { type ApiRoute, ok, type RequestContext, route } from "../route.js";
import { countEndpoints, endingCertificates, isInOverlap, unhealthyEndpoints, waitsForConsumer } from "./endpoints.js";
import { overviewView, type OverviewView } from "./schemas.js";

const KEPT_MS = 2_000;
const MOST_KEPT = 500;
/** More open requests of one kind are not counted. */
const MOST_REQUESTS = 250;

const query = z.strictObject({ groupId: groupRef.optional(), apiId: apiRef.optional() });
type Asked = z.output<typeof query>;
type Context = RequestContext<"store" | "catalogue" | "readiness">;
type Counted = Backlog["waiting"];

const counted = ({ count, exact }: Counted) => ({ count, exact, atLeast: !exact });

/** Those that the actor sees, of the group and the api that are asked for. */
function subscriptionsOf({ dependencies: { catalogue }, actor }: Context, asked: Asked): Subscription[] {
  if (!mayAct(actor, "subscriptions:read")) return [];
  const ofApi = ({ eventTypes }: Subscription): boolean =>
    asked.apiId === undefined || eventTypes.some((name) => catalogue.eventType(name)?.apiId === asked.apiId);
  return [...catalogue.subscriptions()].filter(
    (each) =>
      (asked.groupId === undefined || each.groupId === asked.groupId) &&
      ofApi(each) &&
      seesSubscription(actor, catalogue, each),
  );
}

const NOTHING: Backlog = {
  waiting: { count: 0, exact: true },
  parked: { count: 0, exact: true },
  byStatus: { pending: 0, retrying: 0, throttled: 0, held: 0 },
  bySubscription: new Map(),
};

/** Undefined if it could not be read in time. The rest of the answer is worth having all the same. */
async function backlogOf(context: Context, asked: Asked): Promise<Backlog | undefined> {
  const { actor, dependencies } = context;
  const { store, catalogue } = dependencies;
  const filter = deliveryFilterOf(context, asked);
  if (!filter) return NOTHING;
  try {
    return await store.deliveries.backlog(
      filter,
      MOST_COUNTED,
      actor.apiIds && ((entry) => seesDelivery(actor, catalogue, entry)),
    );
  } catch (error) {
    if (error instanceof StoreError && (error.code === "unavailable" || error.code === "scan_too_long"))
      return undefined;
    throw error;
  }
}

async function openGrantRequests({ dependencies: { store }, actor }: Context, asked: Asked): Promise<Counted> {
  const groupIds = asked.groupId === undefined ? actor.groupIds : [asked.groupId];
  const apiIds = asked.apiId === undefined ? actor.apiIds : [asked.apiId];
  const { data, next } = await store.grantRequests.list(
    { limit: MOST_REQUESTS },
    { status: "open", ...(groupIds && { groupIds }), ...(apiIds && { apiIds }) },
  );
  return { count: data.length, exact: next === undefined };
}

/**
 * Those of others: who asked for one does not release it. Equal actors differ in this, so it is in no shared answer.
 */
async function recoveriesToRelease({ dependencies: { store }, actor }: Context): Promise<Counted> {
  const { data, next } = await store.recoveries.list({ limit: MOST_REQUESTS }, { status: "waiting" });
  return { count: data.filter(({ createdBy }) => createdBy !== actor.name).length, exact: next === undefined };
}

async function needsYou(
  context: Context,
  asked: Asked,
  subscriptions: readonly Subscription[],
): Promise<OverviewView["needsYou"]> {
  const { actor } = context;
  const now = Date.now();
  return {
    ...(mayAct(actor, "subscriptions:decide") && {
      approvals: subscriptions.filter(({ status }) => status === "submitted").length,
      furtherTypes: subscriptions.filter(({ requestedEventTypes }) => requestedEventTypes !== undefined).length,
    }),
    ...(mayAct(actor, "grants:decide") && { grantRequests: counted(await openGrantRequests(context, asked)) }),
    ...(actor.groupIds &&
      mayAct(actor, "subscriptions:write") && { toFinish: subscriptions.filter(waitsForConsumer).length }),
    certificatesEnding: endingCertificates(subscriptions, now),
    secretsInOverlap: subscriptions.filter((each) => isInOverlap(each, now)).length,
  };
}

function sentenceOf(
  { total, byHealth }: OverviewView["subscriptions"],
  backlog: Backlog | undefined,
): OverviewView["sentence"] {
  const of = (...states: string[]): number => states.reduce((sum, state) => sum + (byHealth[state] ?? 0), 0);
  const [failing, degraded, healthy] = [of("failing", "disabled"), of("degraded", "recovering"), of("healthy")];
  const inService = failing + degraded + healthy;
  const code =
    total === 0
      ? "no_endpoint"
      : inService === 0
        ? "none_in_service"
        : failing > 0
          ? "some_failing"
          : degraded > 0
            ? "some_degraded"
            : "all_well";
  const oldest = backlog?.oldest && { oldestWaitingSeconds: secondsSince(backlog.oldest) };
  const waiting = backlog && { waiting: backlog.waiting.count, waitingExact: backlog.waiting.exact };
  return { code, values: { inService, failing, degraded, ...waiting, ...oldest } };
}

const secondsSince = (at: Date): number => Math.max(0, Math.floor((Date.now() - at.getTime()) / 1_000));

async function compose(context: Context, asked: Asked): Promise<OverviewView> {
  const { actor, dependencies } = context;
  const subscriptions = subscriptionsOf(context, asked);
  const [backlog, needs] = await Promise.all([backlogOf(context, asked), needsYou(context, asked, subscriptions)]);
  const counts = countEndpoints(subscriptions);
  return {
    sentence: sentenceOf(counts, backlog),
    subscriptions: counts,
    ...(backlog && {
      waiting: {
        ...counted(backlog.waiting),
        byStatus: backlog.byStatus,
        ...(backlog.oldest && { oldest: backlog.oldest.toISOString() }),
      },
      parked: counted(backlog.parked),
    }),
    needsYou: needs,
    failing: unhealthyEndpoints(subscriptions, backlog?.bySubscription),
    ...(mayAct(actor, "service:read") && { engine: await engineOf(dependencies) }),
    unread: backlog ? [] : ["deliveries"],
  };
}

async function engineOf({
  readiness,
}: Pick<Context["dependencies"], "readiness">): Promise<NonNullable<OverviewView["engine"]>> {
  const { missing, degraded } = await readiness();
  return { ready: missing === undefined, ...(missing !== undefined && { reason: missing }), degraded: [...degraded] };
}

/** By what decides what is seen, so that no actor gets the answer of one who sees more. */
const kept = new WeakMap<Store, LRUCache<string, Promise<OverviewView>>>();

function keptOverview(context: Context, asked: Asked): Promise<OverviewView> {
  const { actor, dependencies } = context;
  const answers =
    kept.get(dependencies.store) ?? new LRUCache<string, Promise<OverviewView>>({ max: MOST_KEPT, ttl: KEPT_MS });
  kept.set(dependencies.store, answers);
  const { role, scopes, groupIds, apiIds } = actor;
  const key = JSON.stringify([role, scopes, groupIds, apiIds, asked]);
  const known = answers.get(key);
  if (known) return known;
  const composed = compose(context, asked);
  answers.set(key, composed);
  composed.catch(() => answers.delete(key));
  return composed;
}

export const overviewRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/overview",
    operationId: "readOverview",
    tag: "Service",
    act: "deliveries:read",
    summary: "How it stands, in one answer",
    description:
      "One sentence of state, what waits, what needs the actor, and which endpoints are not healthy. It tells of " +
      "what the actor may see: a consumer of its groups, a provider of its apis. Counts of deliveries stop at " +
      "10,000. An answer may be two seconds old. Figures over time are in `GET /v1/stats`.",
    query,
    response: { status: 200, description: "The overview", schema: overviewView },
    async handle(context: Context, { query: asked }) {
      const { actor } = context;
      const isForeign =
        (asked.groupId !== undefined && !seesGroup(actor, asked.groupId)) ||
        (asked.apiId !== undefined && !ownsApi(actor, asked.apiId));
      // Another group's id is answered as one that does not exist, as in a list.
      const overview = await keptOverview(context, isForeign ? { groupId: NOBODY } : asked);
      if (!mayAct(actor, "recoveries:release")) return ok(overview);
      const toRelease = counted(await recoveriesToRelease(context));
      return ok({ ...overview, needsYou: { ...overview.needsYou, recoveriesToRelease: toRelease } });
    },
  }),
];

/** No group has this id. */
const NOBODY = "grp_00000000000000000000000000";
