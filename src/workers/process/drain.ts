/**
 * The first step of a stop: load balancers hear that the service goes, while it still serves whatever comes.
 *
 * A load balancer learns of a stop by its next checks only. Until then it sends new connections, and a connection that
 * it keeps open carries further requests. If the port closes before that, these requests are refused or reset.
 */
import { setTimeout as pause } from "node:timers/promises";
import type { Readiness } from "../../api/readiness.js";
import type { Config } from "../config.js";

export interface DrainSettings {
  /** How long new connections are still served, milliseconds. 0: not at all. */
  forMs: number;
  /**
   * Drain also if nothing asks whether the service is ready. Without it a trial, which no load balancer checks, ends at
   * once.
   */
  always: boolean;
}

export interface Drain {
  /** Aborted when the drain begins. */
  readonly begun: AbortSignal;
  /** Answers as `check` does, and that the service is stopping once the drain has begun. */
  readiness(check: () => Promise<Readiness>): () => Promise<Readiness>;
  /** Begins the drain. Resolves when it is over. */
  run(): Promise<void>;
}

/** Whoever asked within this time is taken for a load balancer that asks again. Their checks come every 2 to 30 s. */
const CHECKED_WITHIN_MS = 60_000;

/** The drain of one process. */
export function createDrain({ forMs, always }: DrainSettings): Drain {
  const begun = new AbortController();
  let checkedAt = Number.NEGATIVE_INFINITY;
  return {
    begun: begun.signal,
    readiness: (check) => () => {
      checkedAt = performance.now();
      return begun.signal.aborted ? Promise.resolve({ missing: "The service is stopping", degraded: [] }) : check();
    },
    async run() {
      begun.abort();
      if (always || performance.now() - checkedAt < CHECKED_WITHIN_MS) await pause(forMs);
    },
  };
}

/** No load balancer leads to a pure worker. */
const drainMsOf = ({ ROLE, SHUTDOWN_DRAIN_SECONDS }: Config): number =>
  ROLE === "worker" ? 0 : SHUTDOWN_DRAIN_SECONDS * 1_000;

/** The drain that the settings ask for. */
export const drainOf = (config: Config): Drain => createDrain({ forMs: drainMsOf(config), always: config.production });

/** For the requests under way (10 s), an activity that does not heed its end (5 s), the store and the engines. */
const STOP_MARGIN_MS = 30_000;

/** The longest time from the signal to the exit, milliseconds: what is left then ends with the process. */
export const stopsWithinMs = (config: Config): number =>
  drainMsOf(config) + config.SHUTDOWN_GRACE_SECONDS * 1_000 + STOP_MARGIN_MS;
