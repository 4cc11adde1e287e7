/**
 * Work that is waited for until a deadline. Work that is given up is also stopped, so that it does not happen later
 * without its caller.
 */

/**
 * Runs `work` and waits for it at most `ms` milliseconds. Then it rejects with `late()` and aborts the signal that the
 * work was given. If the caller gives the work up before, by `givenUp`, then it rejects with the reason of that signal.
 * The work stops at its signal as soon as it can. How it ends after that, well or not, no longer matters.
 */
export async function withinDeadline<T>(
  ms: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => Error,
  givenUp?: AbortSignal,
): Promise<T> {
  givenUp?.throwIfAborted();
  const stop = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let giveUp = (): void => undefined;
  const given = new Promise<never>((_resolve, reject) => {
    const end = (error: Error): void => {
      // It comes before the abort, so that the caller gets this error and not the one with which the work ends.
      reject(error);
      stop.abort(error);
    };
    timer = setTimeout(() => end(late()), ms);
    giveUp = () => end(reasonOf(givenUp));
    givenUp?.addEventListener("abort", giveUp);
  });
  try {
    return await Promise.race([work(stop.signal), given]);
  } finally {
    clearTimeout(timer);
    givenUp?.removeEventListener("abort", giveUp);
  }
}

const reasonOf = (signal: AbortSignal | undefined): Error =>
  signal?.reason instanceof Error ? signal.reason : new Error("The work was given up.");

class Late extends Error {}

/**
 * What `work` gives, or `otherwise` when it takes longer than `ms` milliseconds. The work goes on, for it is shared or
 * wanted all the same. How it ends after that no longer matters.
 */
export async function inTimeOr<T>(ms: number, work: Promise<T>, otherwise: T): Promise<T> {
  try {
    return await withinDeadline(
      ms,
      () => work,
      () => new Late(),
    );
  } catch (error) {
    if (error instanceof Late) return otherwise;
    throw error;
  }
}
