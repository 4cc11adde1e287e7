/** What is told by the API's stream: that something of a kind has changed. */

/** A burst of changes asks once. */
const GATHERED_MS = 500;

/** What a page can follow. */
export type Followed = "delivery" | "recovery" | "subscription" | "grant_request";

export interface Following {
  about: readonly Followed[];
  /** Only this subscription. */
  subscriptionId?: string;
  /** Only deliveries of this event type. */
  eventType?: string;
  /** Asks anew for what is shown. It is not called again before it has ended. */
  changed: () => Promise<unknown>;
  /** Told whether the stream is open. */
  streaming?: (isOpen: boolean) => void;
  gatheredMs?: number;
}

/** Calls `ask` some time after it was told to, and never twice at once. */
function createGathering(ask: () => Promise<unknown>, gatheredMs: number) {
  let waiting: ReturnType<typeof setTimeout> | undefined;
  let isAsking = false;
  let isOver = false;
  let again = false;
  const soon = (): void => {
    if (isOver) return;
    // What is being asked may have been read before this change.
    if (isAsking) again = true;
    else waiting ??= setTimeout(() => void run(), gatheredMs);
  };
  async function run(): Promise<void> {
    waiting = undefined;
    isAsking = true;
    // What fails here is shown by the page itself.
    await ask().catch(() => undefined);
    isAsking = false;
    if (again) {
      again = false;
      soon();
    }
  }
  const end = (): void => {
    isOver = true;
    clearTimeout(waiting);
  };
  return { soon, end };
}

/**
 * Asks soon after something of this kind has changed that the person sees, or has gone from their sight. It also asks
 * whenever the stream begins, at first and after it was cut: what ended meanwhile is not told. Gives how to stop.
 */
export function followChanges(following: Following): () => void {
  const { about, subscriptionId, eventType, changed, streaming, gatheredMs = GATHERED_MS } = following;
  const { soon, end } = createGathering(changed, gatheredMs);
  const query = new URLSearchParams({
    events: about.join(),
    ...(subscriptionId !== undefined && { subscriptionId }),
    ...(eventType !== undefined && { eventType }),
  });
  const source = new EventSource(`/v1/stream?${query.toString()}`);
  for (const event of [...about, "gone", "reset", "hello"]) source.addEventListener(event, soon);
  source.addEventListener("hello", () => streaming?.(true));
  source.addEventListener("error", () => streaming?.(false));
  return () => {
    source.close();
    end();
  };
}
