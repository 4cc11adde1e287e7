/**
 * Whose turn it is at one endpoint's connections: first come, first served. undici would let requests wait as well, but
 * it does not tell whether a request waits or its connection is being made. So a wait of ours counted as the
 * endpoint's. Of 600 attempts at an endpoint that answers after 5 s, 138 ended in a time-out of 30 s.
 */

/** A request that wants a connection. */
export interface Waiter {
  /** Its turn has come. */
  begin(): void;
  /** It has waited too long, too many wait, or the process stops. Nothing was sent. */
  giveUp(error: "timeout_total" | "interrupted"): void;
}

export interface TurnsOptions {
  /** Requests that have their turn at once. */
  connections: number;
  /** Longest wait, milliseconds. */
  waitMs: number;
  /** Most requests that wait. One more is given up at once. */
  maxWaiting: number;
}

export interface ConnectionTurns {
  /** Requests that wait or have their turn. */
  readonly size: number;
  /** Lets it begin, now or later. Exactly one `leave` must follow, also after `giveUp`. */
  enter(waiter: Waiter): void;
  /** It needs no turn any more. The next one begins. */
  leave(waiter: Waiter): void;
  /** Gives up all that wait, and from now on whatever would have to wait. What has its turn goes on. */
  stop(): void;
  /** Resolves when nothing waits and nothing has its turn. */
  idle(): Promise<void>;
}

export function createConnectionTurns({ connections, waitMs, maxWaiting }: TurnsOptions): ConnectionTurns {
  /** With the instant at which the wait is over. All wait equally long, so the first is also the first to give up. */
  const waiting = new Map<Waiter, number>();
  const begun = new Set<Waiter>();
  const idle: (() => void)[] = [];
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  /** One timer for all: the first of the line is the next whose time is over. */
  function watch(): void {
    const [until] = waiting.values();
    if (until === undefined || timer) return;
    timer = setTimeout(expire, Math.max(1, until - performance.now()));
  }
  function expire(): void {
    timer = undefined;
    const now = performance.now();
    for (const [waiter, until] of waiting) {
      if (until > now) break;
      waiter.giveUp("timeout_total");
    }
    watch();
  }
  function next(): void {
    while (begun.size < connections) {
      const [waiter] = waiting.keys();
      if (!waiter) break;
      waiting.delete(waiter);
      begun.add(waiter);
      waiter.begin();
    }
    if (waiting.size === 0) {
      clearTimeout(timer);
      timer = undefined;
    }
  }

  return {
    get size() {
      return waiting.size + begun.size;
    },
    enter(waiter) {
      waiting.set(waiter, performance.now() + waitMs);
      next();
      if (!waiting.has(waiter)) return;
      if (stopped) waiter.giveUp("interrupted");
      else if (waiting.size > maxWaiting) waiter.giveUp("timeout_total");
      else watch();
    },
    leave(waiter) {
      waiting.delete(waiter);
      begun.delete(waiter);
      next();
      if (waiting.size + begun.size === 0) for (const resolve of idle.splice(0)) resolve();
    },
    stop() {
      stopped = true;
      for (const waiter of [...waiting.keys()]) waiter.giveUp("interrupted");
    },
    idle: () =>
      waiting.size + begun.size === 0 ? Promise.resolve() : new Promise((resolve) => void idle.push(resolve)),
  };
}
