/** How many batches started by this process are not yet dispatched by the worker in the same process. */
export interface DispatchGauge {
  readonly count: number;
  /**
   * A workflow was started here. It counts until `done` or, when another process took it, until `STALE_MS` have passed.
   */
  begin(workflowId: string): void;
  /** Its first attempts are made, or only slow ones are left. */
  done(workflowId: string): void;
  /** Called whenever the count falls. */
  onFall(listener: () => void): void;
}

/** A batch that another process dispatches is never reported here. It stops counting after this time. */
const STALE_MS = 1_000;

/** One gauge a process, shared by publisher and dispatch. */
export function createDispatchGauge(): DispatchGauge {
  const open = new Map<string, NodeJS.Timeout>();
  const listeners: (() => void)[] = [];
  const done = (workflowId: string): void => {
    const timer = open.get(workflowId);
    if (!timer) return;
    clearTimeout(timer);
    open.delete(workflowId);
    for (const listener of listeners) listener();
  };
  return {
    get count() {
      return open.size;
    },
    begin(workflowId) {
      open.set(workflowId, setTimeout(done, STALE_MS, workflowId).unref());
    },
    done,
    onFall: (listener) => void listeners.push(listener),
  };
}
