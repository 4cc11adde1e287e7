/** Work of which only so many pieces run at once: the others wait their turn. */

export type Limited = <T>(work: () => Promise<T>, signal?: AbortSignal) => Promise<T>;

/** @param most how many run at the same time */
export function limited(most: number): Limited {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work, signal) => {
    if (running >= most) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      // Nobody waits for it any more.
      signal?.throwIfAborted();
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else running--;
    }
  };
}
