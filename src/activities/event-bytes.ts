/**
 * The bytes of events: out of a workflow's input, out of the store, and kept for a moment because retries and pages
 * follow.
 */
import { StoreError } from "../store/store-error.js";
import type { EventStore } from "../store/collections/event-store.js";
import type { Store } from "../store/store.js";
import type { PublishedEvent } from "../workflows/contract.js";
import type { EventBytes } from "./attempt.js";

/**
 * An erasure empties the memory at once (src/store/collections/erasures.ts). This bounds it where the store cannot be
 * asked.
 */
const KEPT_MS = 5 * 60_000;
/**
 * Bytes kept in memory. A fan-out in pages and the first retries find their payloads here instead of opening them
 * again.
 */
const KEPT_BYTES = 64 * 1024 * 1024;

export interface EventBytesSource {
  /**
   * Events in hand. Those that travel by reference are read from the store. Missing ones (expunged, erased) are left
   * out.
   */
  of(events: readonly PublishedEvent[]): Promise<Map<string, EventBytes>>;
  /**
   * Keeps what `of` gave in memory. Only for events that the record says are these: another workflow's may have the
   * same id.
   */
  keep(events: Iterable<EventBytes>): void;
  /**
   * By id, from memory or the store. Missing ones (expunged, erased) are left out. What no key opens is told to
   * `onUnreadable` and left out. Without it the StoreError is thrown.
   */
  byId(ids: readonly string[], onUnreadable?: OnUnreadable): Promise<Map<string, EventBytes>>;
}

type OnUnreadable = (id: string, code: StoreError["code"]) => void;
type Payloads = Awaited<ReturnType<EventStore["payloads"]>>;

/** Failures that trying again does not mend. */
const UNREADABLE: readonly StoreError["code"][] = ["key_unknown", "sealed_data_invalid"];

/** A source over the store with a bounded memory, oldest out first. */
export function createEventBytes(store: Pick<Store, "events" | "erasures">): EventBytesSource {
  const memory = createMemory();
  let erasures = 0;
  // All of it: which bytes are meant is not worth a question, they are read again from the store.
  store.erasures.onErasure(() => {
    erasures++;
    memory.clear();
  });
  async function byId(ids: readonly string[], onUnreadable?: OnUnreadable): Promise<Map<string, EventBytes>> {
    const found = new Map<string, EventBytes>();
    const missing: string[] = [];
    for (const id of ids) {
      const held = memory.get(id);
      if (held) found.set(id, held);
      else missing.push(id);
    }
    if (missing.length > 0) {
      const before = erasures;
      for (const [id, { record, payload }] of await readPayloads(store.events, missing, onUnreadable)) {
        const event = eventBytesOf({ ...record, acceptedAt: record.acceptedAt.getTime() }, payload);
        if (before === erasures) memory.keep([event]);
        found.set(id, event);
      }
    }
    return found;
  }
  return {
    byId,
    keep: (events) => memory.keep(events),
    async of(given) {
      const events = given.filter(({ id }) => !store.erasures.lately(id));
      const stored = events.filter(({ body }) => "stored" in body).map(({ id }) => id);
      const found = stored.length > 0 ? await byId(stored) : new Map<string, EventBytes>();
      for (const event of events) {
        if ("stored" in event.body) continue;
        found.set(event.id, eventBytesOf(event, bytesOf(event.body)));
      }
      return found;
    },
  };
}

/** Events by id, bounded by their bytes and their age. */
function createMemory() {
  const kept = new Map<string, { event: EventBytes; since: number }>();
  let keptBytes = 0;
  const isOld = ({ since }: { since: number }): boolean => performance.now() - since > KEPT_MS;
  return {
    get(id: string): EventBytes | undefined {
      const held = kept.get(id);
      return held && !isOld(held) ? held.event : undefined;
    },
    keep(events: Iterable<EventBytes>): void {
      for (const event of events) {
        if (kept.has(event.id)) continue;
        kept.set(event.id, { event, since: performance.now() });
        keptBytes += event.bytes.byteLength;
      }
      for (const [id, oldest] of kept) {
        if (keptBytes <= KEPT_BYTES && !isOld(oldest)) break;
        kept.delete(id);
        keptBytes -= oldest.event.bytes.byteLength;
      }
    },
    clear(): void {
      keptBytes = 0;
      kept.clear();
    },
  };
}

/** Where the bytes are not needed, or not any more. */
export const NO_BYTES = new Uint8Array();

/** What of an event goes into its deliveries, with its bytes. */
export const eventBytesOf = (
  { id, type, contentType, acceptedAt, attributes, hops }: Omit<EventBytes, "bytes">,
  bytes: Uint8Array,
): EventBytes => ({
  id,
  type,
  contentType,
  acceptedAt,
  bytes,
  ...(attributes && { attributes }),
  ...(hops && { hops }),
});

const bytesOf = (body: { text: string } | { base64: string }): Uint8Array =>
  "text" in body ? Buffer.from(body.text, "utf8") : Buffer.from(body.base64, "base64");

async function readPayloads(events: EventStore, ids: string[], onUnreadable?: OnUnreadable): Promise<Payloads> {
  try {
    return await events.payloads(ids);
  } catch (error) {
    if (!(error instanceof StoreError) || error.code === "unavailable") throw error;
    // One that cannot be opened must not hold up the others.
    if (ids.length > 1)
      return new Map(
        (await Promise.all(ids.map(async (id) => [...(await readPayloads(events, [id], onUnreadable))]))).flat(),
      );
    if (error.code === "key_destroyed") return new Map();
    if (!onUnreadable || !UNREADABLE.includes(error.code)) throw error;
    for (const id of ids) onUnreadable(id, error.code);
    return new Map();
  }
}
