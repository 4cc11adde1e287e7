/**
 * Owner ids of this process, announced ahead of their use (src/store/collections/owners.ts). A publish takes one
 * without waiting for a write of its own.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import { newId } from "../../../store/ids.js";
import type { OwnerStore } from "../../../store/collections/owners.js";
import { mayUseIds } from "./ownership.js";

export interface OwnerIds {
  /** An announced id that nobody has used. Undefined when none is at hand. */
  take(): string | undefined;
  /** Waits at most `ms` milliseconds until `take` gives one. False when it will not. */
  ready(ms: number): Promise<boolean>;
  /** Whether records may still be written under an id that was taken. Otherwise it may be another process's by now. */
  mayUse(id: string): boolean;
  /** Its workflow is started, or no record has it. */
  done(id: string): void;
  /** Stops renewing. What is open stays announced, and another process starts it. */
  close(): Promise<void>;
}

export interface OwnerIdsDependencies {
  owners: OwnerStore;
  /** Names this process among all that share the store. */
  process: string;
  log: Pick<Logger, "warn">;
}

const RENEW_EVERY_MS = 3_000;
/** Ids ahead: at least so many, and at most so many when single events are started one by one. */
const LEAST_AHEAD = 32;
const MOST_AHEAD = 2_048;

/** What is announced, and since when. */
interface Announced {
  /** Announced and not taken. */
  free: string[];
  /** Taken and not done, with the announcement that they were taken under. */
  open: Map<string, number>;
  /** Ids to keep ahead. */
  ahead: number;
  /** Raised when the announcement was found to be gone. */
  generation: number;
  isBegun: boolean;
  /** Counts the writes of the announcement. */
  renewal: number;
  /** When the last renewal was sent, by the clock of this process. */
  renewedAt: number;
}

/** Begins to announce at once. */
export function createOwnerIds(dependencies: OwnerIdsDependencies): OwnerIds {
  const state: Announced = {
    free: [],
    open: new Map(),
    ahead: LEAST_AHEAD,
    generation: 0,
    isBegun: false,
    renewal: 0,
    renewedAt: Number.NEGATIVE_INFINITY,
  };
  const stopping = new AbortController();
  const renewal = createRenewal(dependencies, state);
  const looping = renewal.loop(stopping.signal).catch(() => undefined);
  const isFresh = (): boolean => mayUseIds({ renewedAt: state.renewedAt, now: performance.now() });
  const isAtHand = (): boolean => isFresh() && state.free.length > 0;

  return {
    take() {
      if (!isFresh()) return undefined;
      const id = state.free.shift();
      if (id !== undefined) state.open.set(id, state.generation);
      if (state.free.length < state.ahead / 2) {
        // Used up faster than they are renewed: more at once.
        if (state.free.length === 0) state.ahead = Math.min(MOST_AHEAD, state.ahead * 2);
        void renewal.now();
      }
      return id;
    },
    async ready(ms) {
      const until = performance.now() + ms;
      while (!isAtHand() && !stopping.signal.aborted) {
        const left = until - performance.now();
        if (left <= 0) return false;
        await Promise.race([renewal.now(), delay(left, undefined, { ref: false })]);
        if (!isAtHand()) await delay(Math.min(left, 50), undefined, { ref: false });
      }
      return !stopping.signal.aborted;
    },
    mayUse: (id) => isFresh() && state.open.get(id) === state.generation,
    done: (id) => void state.open.delete(id),
    async close() {
      stopping.abort();
      await looping;
      await renewal.end();
    },
  };
}

/** The writes of the announcement, one at a time. */
function createRenewal({ owners, process, log }: OwnerIdsDependencies, state: Announced) {
  let renewing: Promise<void> | undefined;

  async function renew(): Promise<void> {
    const { free, open } = state;
    const fresh = Array.from({ length: Math.max(0, state.ahead - free.length) }, () => newId("batch"));
    const all = [...open.keys(), ...free, ...fresh];
    // The lease counts from before the write: it may have been carried out at once and answered late.
    const sentAt = performance.now();
    if (!state.isBegun) await owners.begin(process, all, ++state.renewal);
    else if (!(await owners.renew(process, all, ++state.renewal))) {
      log.warn({ open: open.size }, "the announcement of this process's events was taken over: it makes a new one");
      state.generation++;
      free.length = 0;
      state.isBegun = false;
      return renew();
    }
    state.isBegun = true;
    state.renewedAt = sentAt;
    free.push(...fresh);
  }
  /** Also joins one that is under way. Never rejects. */
  function now(): Promise<void> {
    renewing ??= renew()
      .catch((error: unknown) => log.warn({ err: error }, "owner ids could not be announced; tried again soon"))
      .finally(() => (renewing = undefined));
    return renewing;
  }
  async function loop(signal: AbortSignal): Promise<void> {
    for (;;) {
      await now();
      await delay(RENEW_EVERY_MS, undefined, { signal, ref: false });
    }
  }
  /** An orderly end leaves nothing behind that others would have to look at. */
  async function end(): Promise<void> {
    await renewing;
    state.free.length = 0;
    if (!state.isBegun) return;
    const ending =
      state.open.size === 0
        ? owners.end(process)
        : owners.renew(process, [...state.open.keys()], ++state.renewal).then(() => undefined);
    await ending.catch((error: unknown) =>
      log.warn({ err: error }, "the announcement of this process could not be ended, so another process looks at it"),
    );
  }
  return { now, loop, end };
}
