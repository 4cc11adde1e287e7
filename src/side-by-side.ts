/** Several works at once, with a bound on how many. */

/**
 * Takes the items from the front of `queue` and works on at most `width` at once. A slow item holds up one runner and
 * not the others. After a failure it begins nothing
 * more and waits for what is under way, so that nothing happens behind its caller's back.
 *
 * @throws what the first failing work threw
 */
export async function sideBySide<T>(width: number, queue: T[], work: (item: T) => Promise<void>): Promise<void> {
  const runner = async (): Promise<void> => {
    for (let item = queue.shift(); item !== undefined; item = queue.shift()) {
      try {
        await work(item);
      } catch (error) {
        queue.length = 0;
        throw error;
      }
    }
  };
  const runners = Array.from({ length: Math.min(width, queue.length) }, runner);
  const ended = await Promise.allSettled(runners);
  for (const end of ended) if (end.status === "rejected") throw end.reason;
}

/** Gives a function that runs at most `width` works at once. The others wait in the order in which they came. */
export function createPlaces(width: number): <T>(work: () => Promise<T>) => Promise<T> {
  const waiting: (() => void)[] = [];
  let taken = 0;
  return async (work) => {
    if (taken >= width) await new Promise<void>((resume) => waiting.push(resume));
    else taken++;
    try {
      return await work();
    } finally {
      // The place goes to the next one as it is: a newcomer cannot take it in between.
      const next = waiting.shift();
      if (next) next();
      else taken--;
    }
  };
}
