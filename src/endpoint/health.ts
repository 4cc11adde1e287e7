/**
 * How each endpoint behaved lately, in this process. A slow or failing one is kept out of the dispatch of new events,
 * so that it holds up nobody. Its deliveries go to `retryDelivery` at once. Our own slowness must not count, because
 * handing over costs more than sending. A starved process that blamed its endpoints would only starve more.
 */
import { type LoopWatch, loopWatch } from "./loop-watch.js";

export interface EndpointHealth {
  /** An attempt begins. Its time does not count yet. */
  begin(subscriptionId: string): WatchedAttempt;
  verdict(subscriptionId: string): "prompt" | "slow" | "failing";
  /**
   * Whether the endpoint is prompt and answers so fast that work for it waits for us and not for it. One that was not
   * used lately counts as such.
   */
  isQuick(subscriptionId: string): boolean;
}
export interface WatchedAttempt {
  /**
   * The first byte of the request is written: the endpoint's time begins. A second request of the attempt starts anew.
   */
  left(): void;
  /** The first byte of the answer was read: the endpoint's time ends. */
  answered(): void;
  /** `ours`: the attempt says nothing about the endpoint, because we failed ourselves. */
  end(came: "well" | "failed" | "ours"): void;
}

/** An endpoint is slow if its answer takes longer than this. */
const SLOW_MS = 2_000;
/**
 * An endpoint is quick if it usually answers within this time. With 32 connections it then takes more than 100 requests
 * a second, which is what a busy process sends to one endpoint.
 */
const QUICK_MS = 250;
/** The part of a new answer in the usual time. After eight answers an older one has a third of its weight. */
const NEWEST_SHARE = 1 / 8;
/** How long one observation counts without a newer one. */
const REMEMBERED_MS = 30_000;
/**
 * At most half of the endpoints in use are called slow at once, and at least one may be. As long as the other half
 * answers promptly to the same event loop, that loop is not to blame. If more look slow, then this process or its
 * network is the likelier reason, and it cannot tell its own part from theirs.
 */
const SLOW_SHARE = 0.5;
/** How often the endpoints called slow are looked through for those that are so no longer, at most. */
const REVIEW_MS = 100;

interface Endpoint {
  /** When requests without an answer left, in attended time, oldest first (insertion order). */
  unanswered: Map<symbol, number>;
  underWay: number;
  slowUntil: number;
  failingUntil: number;
  usedAt: number;
  /** What an answer has usually taken lately, milliseconds of the endpoint's own time. */
  usualMs: number;
}

/** Health of every endpoint this process talks to. What was not used for half a minute is forgotten. */
export function createEndpointHealth(clock: LoopWatch = loopWatch()): EndpointHealth {
  /** In order of use, oldest first. */
  const endpoints = new Map<string, Endpoint>();
  /** Called slow, in the order in which they became so. */
  const called = new Set<string>();
  let reviewedAt = 0;

  function used(id: string): Endpoint {
    const endpoint = endpoints.get(id) ?? newEndpoint();
    endpoints.delete(id);
    endpoints.set(id, endpoint);
    endpoint.usedAt = clock.now();
    forgetOldest();
    return endpoint;
  }
  /** Two at a time, so that each use costs the same: more are never added than looked at. */
  function forgetOldest(): void {
    for (const [id, endpoint] of [...take(endpoints, 2)]) {
      if (clock.now() - endpoint.usedAt <= REMEMBERED_MS) return;
      endpoints.delete(id);
      if (endpoint.underWay > 0) endpoints.set(id, endpoint);
      else called.delete(id);
    }
  }
  const looksSlow = (endpoint: Endpoint): boolean => isSlowBy(clock, endpoint);
  function mayBeCalledSlow(id: string): boolean {
    if (called.has(id)) return true;
    const most = Math.max(1, Math.floor(endpoints.size * SLOW_SHARE));
    if (called.size >= most && clock.now() - reviewedAt >= REVIEW_MS) {
      reviewedAt = clock.now();
      for (const other of called) if (!isSlowNow(other)) called.delete(other);
    }
    if (called.size >= most) return false;
    called.add(id);
    return true;
  }
  const isSlowNow = (id: string): boolean => {
    const endpoint = endpoints.get(id);
    return endpoint !== undefined && looksSlow(endpoint);
  };

  return {
    begin(subscriptionId) {
      const endpoint = used(subscriptionId);
      endpoint.underWay++;
      return watch(endpoint, clock);
    },
    verdict(subscriptionId) {
      const endpoint = endpoints.get(subscriptionId);
      if (!endpoint) return "prompt";
      if (endpoint.failingUntil > clock.now()) return "failing";
      if (looksSlow(endpoint)) return mayBeCalledSlow(subscriptionId) ? "slow" : "prompt";
      called.delete(subscriptionId);
      return "prompt";
    },
    isQuick: (subscriptionId) => {
      const endpoint = endpoints.get(subscriptionId);
      return (
        !endpoint || (endpoint.usualMs <= QUICK_MS && endpoint.failingUntil <= clock.now() && !looksSlow(endpoint))
      );
    },
  };
}

function isSlowBy(clock: LoopWatch, { slowUntil, unanswered }: Endpoint): boolean {
  if (slowUntil > clock.now()) return true;
  const [oldest] = unanswered.values();
  return oldest !== undefined && clock.readUntil() - oldest > SLOW_MS;
}

const newEndpoint = (): Endpoint => ({
  unanswered: new Map(),
  underWay: 0,
  slowUntil: 0,
  failingUntil: 0,
  usedAt: 0,
  usualMs: 0,
});

function watch(endpoint: Endpoint, clock: LoopWatch): WatchedAttempt {
  const token = Symbol();
  let tookMs = 0;
  /** The shortest time that the endpoint can have taken: what was not read yet may have come long ago. */
  const settle = (): void => {
    const left = endpoint.unanswered.get(token);
    if (left === undefined) return;
    endpoint.unanswered.delete(token);
    tookMs = Math.max(tookMs, clock.readUntil() - left);
  };
  return {
    left() {
      settle();
      endpoint.unanswered.set(token, clock.attended());
    },
    answered: settle,
    end(came) {
      settle();
      endpoint.underWay--;
      const now = clock.now();
      endpoint.usedAt = now;
      if (came !== "ours") endpoint.usualMs += (tookMs - endpoint.usualMs) * NEWEST_SHARE;
      if (tookMs > SLOW_MS) endpoint.slowUntil = now + REMEMBERED_MS;
      else if (came === "well") endpoint.slowUntil = 0;
      if (came !== "ours") endpoint.failingUntil = came === "well" ? 0 : now + REMEMBERED_MS;
    },
  };
}

function* take<T>(values: Iterable<T>, count: number): Generator<T> {
  let taken = 0;
  for (const value of values) {
    if (taken++ >= count) return;
    yield value;
  }
}
