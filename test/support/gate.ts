/** A place in a test's own activity or endpoint where the work waits until the test lets it go on. */
export interface Gate {
  /** Resolves when somebody waits there. */
  reached: Promise<void>;
  /** Waits until it is open. */
  pass(): Promise<void>;
  /** Lets everybody through, now and later. */
  open(): void;
}

/** A closed one. */
export function newGate(): Gate {
  let [arrive, open] = [(): void => undefined, (): void => undefined];
  const reached = new Promise<void>((resolve) => (arrive = resolve));
  const opened = new Promise<void>((resolve) => (open = resolve));
  return {
    reached,
    open: () => open(),
    pass: () => {
      arrive();
      return opened;
    },
  };
}
