/** Does something a little after it was asked for, for all who asked meanwhile. */

export interface Soon {
  ask(): void;
  /**
   * Does it once more, now, and waits for all that is under way.
   * @throws what the first time threw that failed
   */
  end(): Promise<void>;
}

/** `act` may run several times at once. `ms`: how long it gathers. */
export function createSoon(ms: number, act: () => Promise<void>): Soon {
  const underWay = new Set<Promise<void>>();
  let timer: NodeJS.Timeout | undefined;
  let failure: { error: unknown } | undefined;
  function begin(): void {
    clearTimeout(timer);
    timer = undefined;
    const doing = act()
      .catch((error: unknown) => void (failure ??= { error }))
      .finally(() => underWay.delete(doing));
    underWay.add(doing);
  }
  return {
    ask: () => void (timer ??= setTimeout(begin, ms)),
    async end() {
      begin();
      await Promise.all(underWay);
      if (failure) throw failure.error;
    },
  };
}
