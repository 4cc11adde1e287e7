/**
 * Tells other processes about writes, also about writes whose outcome is unknown. An unneeded announcement costs each
 * process one read. A missing one leaves an old route in force, so that a deleted subscription would be sent to for
 * ever.
 */
export interface Announcements<T> {
  /** Announces it now. When that fails it rejects, and goes on in the background. */
  announce(what: T): Promise<void>;
  /** Announces it in the background. */
  soon(what: T): void;
  /** The same, and once more when a write that was given up can hardly land any more. */
  doubt(what: T): void;
  /** Tries once more, then stops. */
  close(): Promise<void>;
}

const RETRY_MS = 1_000;
/**
 * A write that was given up after 3.5 s is ended by the server or with its connection. This allows four times as long.
 */
const SETTLED_MS = 15_000;
/** Announcements that wait. With more of them whole collections are announced. */
const MOST_WAITING = 500;

interface Waiting<T> {
  what: T;
  /** Until then the write may still be made, so it is announced again. Zero when once is enough. */
  until: number;
  told: boolean;
}

/**
 * @param tell makes one announcement, and rejects when the store does not answer
 * @param keyOf is equal for equal announcements
 * @param whole the coarser announcement that replaces it when too many wait
 */
export function createAnnouncements<T>(
  tell: (what: T) => Promise<void>,
  { keyOf, whole, settledMs = SETTLED_MS }: { keyOf: (what: T) => string; whole: (what: T) => T; settledMs?: number },
): Announcements<T> {
  const waiting = new Map<string, Waiting<T>>();
  let timer: NodeJS.Timeout | undefined;
  let closed = false;

  function add(given: T, until: number): void {
    const what = waiting.size < MOST_WAITING || waiting.has(keyOf(given)) ? given : whole(given);
    const key = keyOf(what);
    waiting.set(key, { what, until: Math.max(until, waiting.get(key)?.until ?? 0), told: false });
    later(0);
  }
  function later(ms: number): void {
    if (closed || timer) return;
    timer = setTimeout(
      () =>
        void tellAll().finally(() => {
          timer = undefined;
          if (waiting.size > 0) later(RETRY_MS);
        }),
      ms,
    ).unref();
  }
  /** A doubtful write is announced at its first turn and again at its end, and not every second in between. */
  async function tellAll(): Promise<void> {
    for (const [key, entry] of waiting) {
      const open = Date.now() < entry.until;
      if (open && entry.told) continue;
      try {
        await tell(entry.what);
      } catch {
        // The store does not answer. All announcements wait for the next turn.
        return;
      }
      entry.told = true;
      if (!open && waiting.get(key) === entry) waiting.delete(key);
    }
  }

  return {
    async announce(what) {
      try {
        await tell(what);
      } catch (error) {
        add(what, 0);
        throw error;
      }
    },
    soon: (what) => add(what, 0),
    doubt: (what) => add(what, Date.now() + settledMs),
    async close() {
      closed = true;
      clearTimeout(timer);
      for (const { what } of waiting.values()) await tell(what).catch(() => undefined);
      waiting.clear();
    },
  };
}
