/** Work on the items of a queue by several runners, so that a slow item holds up one of them and not the others. */

/**
 * Takes the items from the front of `queue` and works on at most `width` at once. After a failure it begins nothing
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
