/** The list of subscriptions, by what a person looks for. */
import { z } from "zod";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { canonicalUrl } from "../../endpoint/target/target-url.js";
import { type Subscription, SUBSCRIPTION_STATUSES } from "../../store/model.js";
import type { WaitingOf } from "../../store/deliveries/subscription-records.js";
import type { Store } from "../../store/store.js";
import { subscriptionName } from "../../store/subscription-name.js";
import { seesSubscription } from "../access/access.js";
import { pageRequest } from "../access/audit.js";
import { apiRef, groupRef } from "../catalogue/schemas.js";
import { countReply } from "../deliveries/delivery-query.js";
import { countView, MOST_COUNTED } from "../deliveries/schemas.js";
import { eventTypeName, instantInput, pageOf, pageQuery, text } from "../http/primitives.js";
import { isInOverlap, waitsForConsumer } from "../overview/endpoints.js";
import { type ApiRoute, ok, type RequestContext, route } from "../route.js";
import { dayView, daysOf } from "../stats/subscription-day.js";
import { firstCertificateEnd } from "./certificate-end.js";
import { ENDPOINT_HEALTH, stateOfHealthView } from "./health-view.js";
import { subscriptionView } from "./schemas.js";
import { decidableView } from "./steps/waiting-view.js";
import { urlFor } from "./view.js";

/** Signature schemes first, then what the endpoint asks for. */
const TECHNIQUES = ["v1", "v1a", "rfc9421", "mtls", "basic", "api_key", "oauth2", "headers"] as const;
type Technique = (typeof TECHNIQUES)[number];

/** What is looked for. A subscription is meant if it fits every filter that is given. */
export const subscriptionFilter = z.strictObject({
  groupId: groupRef.optional(),
  apiId: apiRef.optional().meta({ description: "It has an event type of this api, or asks for one" }),
  status: z.enum(SUBSCRIPTION_STATUSES).optional(),
  health: z.enum(ENDPOINT_HEALTH).optional().meta({ description: "How its endpoint does" }),
  requested: z
    .enum(["true"])
    .optional()
    .meta({
      description: "Only those that wait for a decision: they are submitted, or further event types are asked for",
    }),
  toFinish: z
    .enum(["true"])
    .optional()
    .meta({
      description: "Only those that do not go on without their consumer: it has to verify, submit or resume them",
    }),
  secretsInOverlap: z
    .enum(["true"])
    .optional()
    .meta({ description: "Only those that sign with an earlier secret too" }),
  technique: z.enum(TECHNIQUES).optional().meta({ description: "How its deliveries are signed or authenticated" }),
  eventType: eventTypeName.optional().meta({ description: "An event type that it has, or that it asks for" }),
  url: text(2_048)
    .optional()
    .meta({ description: "The beginning of its URL, with `https://`, or the whole host that is called" }),
  certificateEndsBefore: instantInput
    .optional()
    .meta({
      description:
        "The first of its certificates to end (`endsFirst` of its certificates) ends before this instant. " +
        "It may have ended already",
    }),
  q: text(256)
    .optional()
    .meta({ description: "A part of its name, host, id or external id. Capital letters are the same as small ones" }),
});
const listQuery = pageQuery.extend({
  ...subscriptionFilter.shape,
  stats: z
    .enum(["24h"])
    .optional()
    .meta({
      description:
        "With it each subscription tells the attempts of its last 24 hours in `stats`, and what is `waiting`",
    }),
});
type Query = z.output<typeof subscriptionFilter>;
const countedView = z.object({
  count: z.int(),
  exact: z.boolean().meta({ description: "False if there are more than 1,000" }),
});
const listedView = subscriptionView
  .extend({
    stats: dayView.optional().meta({ description: "Only with `stats=24h`, and where attempts are counted" }),
    waiting: countedView
      .optional()
      .meta({ description: "Only with `stats=24h`: its deliveries that wait and go on by themselves" }),
    parked: countedView
      .optional()
      .meta({ description: "Only with `stats=24h`: its deliveries that wait for a person" }),
  })
  .meta({ id: "ListedSubscription" });
type Context = RequestContext<"store" | "catalogue" | "settings" | "auditTally">;
type Wanted = (subscription: Subscription) => boolean;

/** Any of these needs a look at each subscription in memory. */
const SOUGHT = [
  "apiId",
  "toFinish",
  "secretsInOverlap",
  "status",
  "health",
  "requested",
  "technique",
  "eventType",
  "url",
  "certificateEndsBefore",
  "q",
] as const satisfies readonly (keyof Query)[];

/**
 * What is sought among what the actor sees, from memory, so that no collection is read for it. In no order.
 */
export async function soughtSubscriptions(
  { dependencies: { catalogue }, actor }: RequestContext<"catalogue">,
  query: Query,
): Promise<Subscription[]> {
  // What another process wrote a moment ago is in the list too.
  await catalogue.refresh();
  const wanted = wantedBy(query, { shown: urlFor(actor), catalogue, now: Date.now() });
  return [...catalogue.subscriptions()].filter(
    (each) => seesSubscription(actor, catalogue, each) && wanted.every((isWanted) => isWanted(each)),
  );
}

/** The ids of what is sought. Undefined when the filter by group is enough. */
async function idsOf(context: Context, query: Query): Promise<string[] | undefined> {
  const { actor } = context;
  const sought = SOUGHT.some((name) => query[name] !== undefined);
  if (!sought && !actor.apiIds && (actor.groupIds?.length ?? 0) <= 1) return undefined;
  return (await soughtSubscriptions(context, query)).map(({ id }) => id);
}

interface Look {
  /** The URL as the actor may see it. */
  shown: (url: string) => string;
  catalogue: Catalogue;
  now: number;
}

/** One condition for each filter that is given. */
function wantedBy(query: Query, { shown, catalogue, now }: Look): Wanted[] {
  const { groupId: group, apiId: api, status, health, eventType, url, certificateEndsBefore, q } = query;
  return [
    ...(api === undefined ? [] : [ofApi(api, catalogue)]),
    ...(query.toFinish === undefined ? [] : [waitsForConsumer]),
    ...(query.secretsInOverlap === undefined ? [] : [(each: Subscription) => isInOverlap(each, now)]),
    ...(group === undefined ? [] : [(each: Subscription) => each.groupId === group]),
    ...(status === undefined ? [] : [(each: Subscription) => each.status === status]),
    ...(health === undefined ? [] : [(each: Subscription) => stateOfHealthView(each).state === health]),
    ...(query.requested === undefined ? [] : [waits]),
    ...(query.technique === undefined ? [] : [byTechnique(query.technique)]),
    ...(eventType === undefined ? [] : [(each: Subscription) => typesOf(each).includes(eventType)]),
    ...(url === undefined ? [] : [byUrl(url, shown)]),
    ...(q === undefined ? [] : [byText(q.trim().toLowerCase())]),
    // The last one, because it reads certificates.
    ...(certificateEndsBefore === undefined ? [] : [endingBefore(new Date(certificateEndsBefore))]),
  ];
}

/** Whether a provider has to decide about it. */
const waits: Wanted = ({ status, requestedEventTypes }) => status === "submitted" || requestedEventTypes !== undefined;

const typesOf = ({ eventTypes, requestedEventTypes = [] }: Subscription): string[] => [
  ...eventTypes,
  ...requestedEventTypes,
];

function byTechnique(technique: Technique): Wanted {
  if (technique === "mtls") return ({ tls }) => tls?.clientCert !== undefined;
  if (technique === "headers") return ({ headers = {} }) => Object.keys(headers).length > 0;
  return ({ signing, auth = [] }) =>
    (signing?.schemes ?? ["v1"]).some((scheme) => scheme === technique) ||
    [auth].flat().some(({ type }) => type === technique);
}

const ofApi =
  (api: string, catalogue: Catalogue): Wanted =>
  (subscription) =>
    typesOf(subscription).some((name) => catalogue.eventType(name)?.apiId === api);

/** By the URL as the actor may see it, so that nobody finds out the query of a URL letter by letter. */
function byUrl(given: string, shown: (url: string) => string): Wanted {
  if (/^https?:\/\//i.test(given)) return ({ url }) => shown(canonicalUrl(url)).startsWith(given);
  const host = given.toLowerCase();
  return ({ url }) => {
    const called = new URL(url);
    return called.host === host || called.hostname === host;
  };
}

const byText =
  (part: string): Wanted =>
  (subscription) =>
    [
      subscriptionName(subscription),
      new URL(subscription.url).host,
      subscription.id,
      subscription.externalId ?? "",
    ].some((text) => text.toLowerCase().includes(part));

function endingBefore(instant: Date): Wanted {
  return (subscription) => {
    const end = firstCertificateEnd(subscription);
    return end !== undefined && end < instant;
  };
}

const NOTHING_WAITS: WaitingOf = { waiting: { count: 0, exact: true }, parked: { count: 0, exact: true } };

/** What a person wants to see of each row, in two reads for the whole page. */
async function figuresOfPage(store: Store, page: readonly Subscription[]) {
  const ids = page.map(({ id }) => id);
  const [dayOf, waiting] = await Promise.all([daysOf(store, ids, new Date()), store.deliveries.waitingOf(ids)]);
  return (id: string) => {
    const day = dayOf(id);
    // Where nothing is counted, no attempts would look like nothing sent.
    const isKnown = store.stats.counts || day.successRate !== undefined;
    return { ...(isKnown && { stats: day }), ...(waiting.get(id) ?? NOTHING_WAITS) };
  };
}

export const subscriptionListRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/subscriptions/count",
    operationId: "countSubscriptions",
    tag: "Subscriptions",
    act: "subscriptions:read",
    summary: "Count subscriptions",
    description:
      "Those that `GET /v1/subscriptions` lists with the same filters. It counts up to 10,000 and then stops.",
    query: subscriptionFilter,
    response: { status: 200, description: "The number", schema: countView },
    async handle(context: Context, { query }) {
      const { length } = await soughtSubscriptions(context, query);
      return countReply({ count: Math.min(length, MOST_COUNTED), exact: length <= MOST_COUNTED });
    },
  }),
  route({
    method: "get",
    path: "/v1/subscriptions",
    operationId: "listSubscriptions",
    tag: "Subscriptions",
    act: "subscriptions:read",
    summary: "List subscriptions, newest first",
    description: "A consumer sees the subscriptions of its groups. A subscription is listed if it fits every filter.",
    query: listQuery,
    response: { status: 200, description: "A page of subscriptions", schema: pageOf(listedView) },
    async handle(context: Context, { query }) {
      const { actor, dependencies } = context;
      const group = query.groupId ?? (actor.groupIds?.length === 1 ? actor.groupIds[0] : undefined);
      const foreign =
        actor.groupIds?.length === 0 || (group !== undefined && actor.groupIds?.includes(group) === false);
      const ids = foreign ? [] : await idsOf(context, query);
      if (ids?.length === 0) return ok({ data: [], next: null });
      const filter = { ...(group !== undefined && { groupId: group }), ...(ids && { ids }) };
      const { data, next } = await dependencies.store.subscriptions.list(pageRequest(query), filter);
      const views = await Promise.all(data.map((each) => decidableView(context, each)));
      const figuresOf = query.stats && (await figuresOfPage(dependencies.store, data));
      return ok({
        data: figuresOf ? views.map((view) => ({ ...view, ...figuresOf(view.id) })) : views,
        next: next ?? null,
      });
    },
  }),
];
