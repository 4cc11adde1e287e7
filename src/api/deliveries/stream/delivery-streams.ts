/** Who listens to deliveries in this process. What changes is read once, and each listener gets what it may see. */
import type { Logger } from "pino";
import type { Catalogue } from "../../../catalogue/catalogue.js";
import { createCounts } from "../../../counts.js";
import type { Delivery } from "../../../store/model.js";
import type { Store } from "../../../store/store.js";
import { createDeliveryWatch, OVERLAP_MS } from "./delivery-watch.js";
import { close, concerns, groupsOf, type Listener, lookAfter, type DeliveryStream, write } from "./listener.js";
import { cursorOf, deliveryEvent, heartbeat, helloEvent, instantOfCursor, resetEvent } from "./stream-events.js";

export interface DeliveryStreams {
  /** Streams to the listener, and resolves when it is over. `full` and `closing` say why it is not begun. */
  open(listener: Listener): Promise<"ended"> | "full" | "closing";
}

interface StreamOptions {
  store: Pick<Store, "deliveries">;
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
    const missed = await store.deliveries.recentChanges(query, MOST_MISSED + 1).catch((error: unknown) => {
      log.warn({ err: error }, "what a listener has missed could not be read");
      return undefined;
    });
    const { waiting } = stream;
    delete stream.waiting;
    if (!missed || missed.length > MOST_MISSED || waiting.length > MOST_MISSED) return write(stream, resetEvent(id()));
    const its = missed.filter((delivery) => concerns(catalogue, stream, delivery));
    write(stream, [...its, ...waiting].map((delivery) => deliveryEvent(cursorOf(since), delivery)).join(""));
  };
}

/** Looks after every stream, one look at a time. */
function createLook(streams: ReadonlySet<DeliveryStream>): () => void {
  let looking = false;
  return () => {
    if (looking) return;
    looking = true;
    void Promise.all([...streams].map(lookAfter)).finally(() => (looking = false));
  };
}

export function createDeliveryStreams(options: StreamOptions): DeliveryStreams {
  const { store, catalogue, log, closing } = options;
  const streams = new Set<DeliveryStream>();
  const byActor = createCounts();
  const watch = createDeliveryWatch({ deliveries: store.deliveries, log, groups: () => groupsOf(streams), tell });
  let timers: NodeJS.Timeout[] = [];
  closing.addEventListener("abort", () => streams.forEach(({ response }) => close(response)), { once: true });

  const id = (): string => cursorOf(watch.seenBefore());
  const catchUp = createCatchUp(options, id);
  const lookAfterAll = createLook(streams);

  function tell(changes: readonly Delivery[]): void {
    if (changes.length === 0) return;
    const texts = new Map(changes.map((delivery) => [delivery, deliveryEvent(id(), delivery)]));
    for (const stream of streams) {
      const its = changes.filter((delivery) => concerns(catalogue, stream, delivery));
      if (its.length === 0) continue;
      if (stream.waiting) stream.waiting.push(...its.slice(0, MOST_MISSED + 1 - stream.waiting.length));
      else write(stream, its.map((delivery) => texts.get(delivery) ?? "").join(""));
    }
  }

  function begin(): void {
    watch.start();
    timers = [
      setInterval(lookAfterAll, LOOK_MS).unref(),
      setInterval(() => streams.forEach((stream) => write(stream, heartbeat(id()))), HEARTBEAT_MS).unref(),
    ];
  }

  function end(): void {
    watch.stop();
    timers.splice(0).forEach((timer) => clearInterval(timer));
  }

  async function run(stream: DeliveryStream): Promise<"ended"> {
    const { response, lastEventId } = stream;
    const over = new Promise<void>((resolve) => response.once("close", resolve));
    byActor.change(stream.actor.name, 1);
    const { name } = stream.actor;
    streams.add(stream);
    if (streams.size === 1) begin();
    const since = lastEventId === undefined ? undefined : instantOfCursor(lastEventId, Date.now());
    stream.begin();
    write(stream, helloEvent(cursorOf(since ?? watch.seenBefore())));
    if (since !== undefined) await catchUp(stream, since);
    else if (lastEventId !== undefined) write(stream, resetEvent(id()));
    await over;
    streams.delete(stream);
    byActor.change(name, -1);
    if (streams.size === 0) end();
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
