/**
 * The sessions that each request asks for. They are kept in memory for a second, and each use moves their idle limit.
 */
import { LRUCache } from "lru-cache";
import type { Logger } from "pino";
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import type { Session } from "../../store/collections/sessions.js";
import type { Store } from "../../store/store.js";

/** A session that has not ended, with what decides what it gives. */
export interface LiveSession {
  session: Session;
  connection: SamlConnection;
  samlGroups: ReadonlySet<string>;
}

export interface LiveSessions {
  /**
   * The session, unless it has ended. It ends by time, by a log-out, when its connection is disabled, or when its
   * person is erased. With `unused` the service asks by itself and not for the person, so the idle limit does not move.
   */
  find(id: string, unused?: "unused"): Promise<LiveSession | undefined>;
  /** The session was changed or ended here. */
  forget(id: string): void;
  forgetPerson(personId: string): Promise<void>;
}

/**
 * A session in memory is read again after this time. So a log-out in another process takes effect at most this much
 * later.
 */
const FRESH_MS = 1_000;
/**
 * A request that comes sooner than this after the recorded one does not move the idle limit. So a session costs at most
 * one write a minute.
 */
const TOUCH_MS = 60_000;
const MAX_CACHED = 10_000;

interface Options {
  store: Store;
  log: Logger;
  clock: () => number;
  idleMs: number;
}

/** When a session ends that was last used then. */
export const endOf = (expiresAt: Date, seenAt: number, idleMs: number): Date =>
  new Date(Math.min(expiresAt.getTime(), seenAt + idleMs));

export function createLiveSessions({ store, log, clock, idleMs }: Options): LiveSessions {
  const cache = new LRUCache<string, { at: number; live: Promise<LiveSession | undefined> }>({ max: MAX_CACHED });

  async function read(id: string): Promise<LiveSession | undefined> {
    const session = await store.sessions.get(id);
    const found = session && (await store.samlConnections.get(session.connectionId));
    if (!session || found?.status !== "enabled") return undefined;
    // Thousands of sessions are held at once, and none needs this service's private keys.
    const { keys: _keys, ...connection } = found;
    return { session, connection, samlGroups: new Set(session.identity.groups) };
  }

  function look(id: string): Promise<LiveSession | undefined> {
    const known = cache.get(id);
    const age = known ? clock() - known.at : Infinity;
    if (known && age >= 0 && age < FRESH_MS) return known.live;
    const entry = { at: clock(), live: read(id) };
    cache.set(id, entry);
    // Tokens that are not found are not remembered: guessed tokens could fill the memory.
    const drop = (): void => void (cache.peek(id) === entry && cache.delete(id));
    entry.live.then((live) => live ?? drop(), drop);
    return entry.live;
  }

  /** Without the store the limit stays where it was. */
  async function touch({ session }: LiveSession, now: number): Promise<void> {
    session.seenAt = new Date(now);
    session.endsAt = endOf(session.expiresAt, now, idleMs);
    await store.sessions
      .change(session.id, { seenAt: session.seenAt, endsAt: session.endsAt })
      .catch((error: unknown) => log.warn({ err: error }, "a session could not be extended"));
  }

  return {
    async find(id, unused) {
      const live = await look(id);
      if (!live) return undefined;
      const now = clock();
      if (now >= live.session.endsAt.getTime()) {
        cache.delete(id);
        await store.sessions.delete(id);
        return undefined;
      }
      if (unused === undefined && now - live.session.seenAt.getTime() >= TOUCH_MS) await touch(live, now);
      return live;
    },
    forget: (id) => void cache.delete(id),
    async forgetPerson(personId) {
      for (const [id, { live }] of cache)
        if ((await live.catch(() => undefined))?.session.personId === personId) cache.delete(id);
    },
  };
}
