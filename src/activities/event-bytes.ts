/** The bytes of events: out of a workflow's input, out of the store, and kept for a moment because retries and pages follow. */
import type { EventStore } from "../store/store.js";
import type { PublishedEvent } from "../workflows/contract.js";
import type { EventBytes } from "./deliver.js";

/** Bytes kept in memory; a fan-out in pages and the first retries find their payloads here instead of opening them again. */
const KEPT_BYTES = 64 * 1024 * 1024;

export interface EventBytesSource {
  /** Events in hand; those that travel by reference are read from the store. Missing ones (expunged) are left out. */
  of(events: readonly PublishedEvent[]): Promise<Map<string, EventBytes>>;
  /** By id, from memory or the store. Missing ones are left out. */
  byId(ids: readonly string[]): Promise<Map<string, EventBytes>>;
}

/** A source over the store with a bounded memory, oldest out first. */
export function createEventBytes(store: { events: EventStore }): EventBytesSource {
  const kept = new Map<string, EventBytes>();
  let keptBytes = 0;
  const keep = (event: EventBytes): void => {
    if (kept.has(event.id)) return;
    kept.set(event.id, event);
    keptBytes += event.bytes.byteLength;
    for (const [id, oldest] of kept) {
      if (keptBytes <= KEPT_BYTES) break;
      kept.delete(id);
      keptBytes -= oldest.bytes.byteLength;
    }
  };
  async function byId(ids: readonly string[]): Promise<Map<string, EventBytes>> {
    const found = new Map<string, EventBytes>();
    const missing: string[] = [];
    for (const id of ids) {
      const event = kept.get(id);
      if (event) found.set(id, event);
      else missing.push(id);
    }
    if (missing.length > 0) {
      for (const [id, { record, payload }] of await store.events.payloads(missing)) {
        const event = { id, type: record.type, contentType: record.contentType, bytes: payload, acceptedAt: record.acceptedAt.getTime() };
        keep(event);
        found.set(id, event);
      }
    }
    return found;
  }
  return {
    byId,
    async of(events) {
      const stored = events.filter(({ body }) => "stored" in body).map(({ id }) => id);
      const found = stored.length > 0 ? await byId(stored) : new Map<string, EventBytes>();
      for (const event of events) {
        if ("stored" in event.body) continue;
        const { id, type, contentType, acceptedAt } = event;
        const opened = { id, type, contentType, acceptedAt, bytes: bytesOf(event.body) };
        keep(opened);
        found.set(id, opened);
      }
      return found;
    },
  };
}

const bytesOf = (body: { text: string } | { base64: string }): Uint8Array =>
  "text" in body ? Buffer.from(body.text, "utf8") : Buffer.from(body.base64, "base64");
