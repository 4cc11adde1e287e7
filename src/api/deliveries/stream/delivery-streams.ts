/**
 * Who listens to deliveries, recoveries, subscriptions and grant requests in this process. What changes is read once,
 * and each listener gets what it may see.
 */
import type { Logger } from "pino";
import type { Catalogue } from "../../../catalogue/catalogue.js";
import { createCounts } from "../../../counts.js";
import type { Recovery } from "../../../store/collections/recoveries.js";
import type { Delivery } from "../../../store/model.js";
import type { GrantRequestChange } from "../../../store/collections/grant-requests.js";
import type { Store } from "../../../store/store.js";
import { type ChangeWatch, createChangeWatch, OVERLAP_MS } from "./change-watch.js";
import { close, concerns, type DeliveryStream, groupsOf, type Listener, lookAfter, wants, write } from "./listener.js";
import {
  changeEvent,
  cursorOf,
  heartbeat,
  helloEvent,
  instantOfCursor,
  resetEvent,
  type StreamChange,
} from "./stream-events.js";
import { createSubscriptionWatch, type SubscriptionChange, watchedSubscriptions } from "./subscription-watch.js";

export interface DeliveryStreams {
  /** Streams to the listener, and resolves when it is over. `full` and `closing` say why it is not begun. */
  open(listener: Listener): Promise<"ended"> | "full" | "closing";
}

interface StreamOptions {
  store: Pick<Store, "deliveries" | "recoveries" | "grantRequests">;
  catalogue: Catalogue;
  log: Logger;
  /** Aborted when the process begins to stop. Every stream ends then. */
  closing: AbortSignal;
}

const MOST_OF_ONE = 20;
const MOST = 500;
const HEARTBEAT_MS = 15_000;
/** As often as a session is read again anyway: see FRESH_MS in live-sessions.ts. */
const LOOK_MS = 1_000;
/** A listener that has missed more than this reads the list again. */
const MOST_MISSED = 1_000;

/** Tells a listener what it has missed since it was cut off. */
function createCatchUp({ store, catalogue, log }: StreamOptions, id: () => string) {
  return async (stream: DeliveryStream, since: number): Promise<void> => {
    stream.waiting = [];
    const groups = groupsOf(new Set([stream]));
    // The cursor may be of another process, whose clock differs as well.
    const query = { from: new Date(since - 2 * OVERLAP_MS), ...(groups && { groupIds: [...groups] }) };
    const missed = await missedBy(stream, { store, catalogue }, query).catch((error: unknown) => {
      log.warn({ err: error }, "what a listener has missed could not be read");
      return undefined;
    });
    const { waiting } = stream;
    delete stream.waiting;
    if (!missed || missed.length > MOST_MISSED || waiting.length > MOST_MISSED) return write(stream, resetEvent(id()));
    const its = missed.filter((change) => concerns(catalogue, stream, change));
    write(stream, [...its, ...waiting].map((change) => changeEvent(cursorOf(since), change)).join(""));
  };
}

/**
 * What changed since then, of what it is told of. What is gone since then, or healthy again, is nowhere to be found.
 */
async function missedBy(
  stream: DeliveryStream,
  { store: { deliveries, recoveries, grantRequests }, catalogue }: Pick<StreamOptions, "store" | "catalogue">,
  { from, groupIds }: { from: Date; groupIds?: string[] },
): Promise<StreamChange[]> {
  const [delivered, recovered, requested] = await Promise.all([
    wants(stream, "delivery") ? deliveries.recentChanges({ from, ...(groupIds && { groupIds }) }, MOST_MISSED + 1) : [],
    wants(stream, "recovery") ? recoveries.recentChanges({ from }, MOST_MISSED + 1) : [],
    wants(stream, "grant_request") ? grantRequests.recentChanges({ from }, MOST_MISSED + 1) : [],
  ]);
  const subscriptions = wants(stream, "subscription") ? watchedSubscriptions(catalogue) : [];
  const changed = subscriptions.filter(
    ({ updatedAt, health }) => updatedAt >= from || (health && health.since >= from),
  );
  return [
    ...delivered.map(ofDelivery),
    ...recovered.map(ofRecovery),
    ...requested.map(ofGrantRequest),
    ...changed.flatMap((now) => ofSubscription({ now })),
  ];
}

const ofDelivery = (row: Delivery): StreamChange => ({ about: "delivery", row });
const ofRecovery = (row: Recovery): StreamChange => ({ about: "recovery", row });
const ofGrantRequest = (row: GrantRequestChange): StreamChange => ({ about: "grant_request", row });
const ofSubscription = ({ before, now }: SubscriptionChange): StreamChange[] => [
  ...(now ? [{ about: "subscription", row: now } as const] : []),
  ...(before ? [{ about: "gone", row: before, now } as const] : []),
];

/** Looks after every stream, one look at a time. */
function createLook(streams: ReadonlySet<DeliveryStream>): () => void {
  let looking = false;
  return () => {
    if (looking) return;
    looking = true;
    void Promise.all([...streams].map(lookAfter)).finally(() => (looking = false));
  };
}

interface KindWatch {
  about: StreamChange["about"];
  watch: ChangeWatch;
}

/** What no one listens for is not read. */
function adjust(watches: readonly KindWatch[], streams: ReadonlySet<DeliveryStream>): void {
  for (const { about, watch } of watches)
    if ([...streams].some((stream) => wants(stream, about))) watch.start();
    else watch.stop();
}

/** One for each kind of change. */
function createWatches(
  { store: { deliveries, recoveries, grantRequests }, catalogue, log }: StreamOptions,
  streams: ReadonlySet<DeliveryStream>,
  tell: (changes: readonly StreamChange[]) => void,
): readonly KindWatch[] {
  return [
    {
      about: "delivery",
      watch: createChangeWatch({
        what: "deliveries",
        read: (since, most) => deliveries.recentChanges(since, most),
        stateOf: ({ updatedAt, status, attemptCount }) => `${updatedAt.getTime()} ${status} ${attemptCount}`,
        groups: () => groupsOf(new Set([...streams].filter((stream) => wants(stream, "delivery")))),
        tell: (rows) => tell(rows.map(ofDelivery)),
        log,
      }),
    },
    {
      about: "recovery",
      watch: createChangeWatch({
        what: "recoveries",
        // There are few. Those of an operator belong to no group, even if they are about one.
        read: ({ from, afterId }, most) =>
          recoveries.recentChanges({ from, ...(afterId !== undefined && { afterId }) }, most),
        stateOf: ({ updatedAt, status, progress }) => `${updatedAt.getTime()} ${status} ${JSON.stringify(progress)}`,
        groups: () => undefined,
        tell: (rows) => tell(rows.map(ofRecovery)),
        log,
      }),
    },
    {
      about: "grant_request",
      watch: createChangeWatch({
        what: "grant requests",
        read: ({ from, afterId }, most) =>
          grantRequests.recentChanges({ from, ...(afterId !== undefined && { afterId }) }, most),
        // The grant follows the approval a moment later, at no time of its own.
        stateOf: ({ updatedAt, status, granted }) => `${updatedAt.getTime()} ${status} ${granted === true}`,
        groups: () => undefined,
        tell: (rows) => tell(rows.map(ofGrantRequest)),
        log,
      }),
    },
    {
      about: "subscription",
      watch: createSubscriptionWatch({ catalogue, tell: (rows) => tell(rows.flatMap(ofSubscription)) }),
    },
  ];
}

export function createDeliveryStreams(options: StreamOptions): DeliveryStreams {
  const { catalogue, closing } = options;
  const streams = new Set<DeliveryStream>();
  const byActor = createCounts();
  const watches = createWatches(options, streams, tell);
  let timers: NodeJS.Timeout[] = [];
  closing.addEventListener("abort", () => streams.forEach(({ response }) => close(response)), { once: true });

  const seenBefore = (): number => Math.min(...watches.map(({ watch }) => watch.seenBefore()));
  const id = (): string => cursorOf(seenBefore());
  const catchUp = createCatchUp(options, id);
  const lookAfterAll = createLook(streams);

  function tell(changes: readonly StreamChange[]): void {
    if (changes.length === 0) return;
    const texts = new Map(changes.map((change) => [change, changeEvent(id(), change)]));
    for (const stream of streams) {
      const its = changes.filter((change) => concerns(catalogue, stream, change));
      if (its.length === 0) continue;
      if (stream.waiting) stream.waiting.push(...its.slice(0, MOST_MISSED + 1 - stream.waiting.length));
      else write(stream, its.map((change) => texts.get(change) ?? "").join(""));
    }
  }

  function begin(): void {
    timers = [
      setInterval(lookAfterAll, LOOK_MS).unref(),
      setInterval(() => streams.forEach((stream) => write(stream, heartbeat(id()))), HEARTBEAT_MS).unref(),
    ];
  }

  function end(): void {
    timers.splice(0).forEach((timer) => clearInterval(timer));
  }

  async function run(stream: DeliveryStream): Promise<"ended"> {
    const { response, lastEventId } = stream;
    const over = new Promise<void>((resolve) => response.once("close", resolve));
    byActor.change(stream.actor.name, 1);
    const { name } = stream.actor;
    streams.add(stream);
    if (streams.size === 1) begin();
    adjust(watches, streams);
    const since = lastEventId === undefined ? undefined : instantOfCursor(lastEventId, Date.now());
    stream.begin();
    write(stream, helloEvent(cursorOf(since ?? seenBefore())));
    if (since !== undefined) await catchUp(stream, since);
    else if (lastEventId !== undefined) write(stream, resetEvent(id()));
    await over;
    streams.delete(stream);
    byActor.change(name, -1);
    if (streams.size === 0) end();
    adjust(watches, streams);
    return "ended";
  }

  return {
    open(listener) {
      if (closing.aborted) return "closing";
      if (streams.size >= MOST || byActor.of(listener.actor.name) >= MOST_OF_ONE) return "full";
      return run({ ...listener });
    },
  };
}
