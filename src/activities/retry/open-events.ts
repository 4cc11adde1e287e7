/** The bytes of what a run of retries sends. What has none is settled instead. */
import type { Logger } from "pino";
import type { Store } from "../../store/store.js";
import type { RetryItem } from "../../workflows/contract.js";
import type { EventBytes } from "../attempt.js";
import type { EventBytesSource } from "../event-bytes.js";
import { setStatus } from "../retry-status.js";

export interface OpenEventsDependencies {
  store: Pick<Store, "deliveries">;
  eventBytes: EventBytesSource;
  log: Logger;
}

/**
 * The bytes of the events. An event is put aside if it has no bytes any more, or none that a key opens. Trying again
 * would not mend it. `closed` is how the deliveries of such events stand now.
 */
export async function openEvents(
  dependencies: OpenEventsDependencies,
  items: readonly RetryItem[],
): Promise<{ bytes: Map<string, EventBytes>; closed: RetryItem[] }> {
  const unreadable = new Set<string>();
  const bytes = await dependencies.eventBytes.byId(
    items.map(({ eventId }) => eventId),
    (id, code) => {
      unreadable.add(id);
      dependencies.log.error({ event: id, code }, "the event's content cannot be opened: its deliveries are parked");
    },
  );
  const closed = items.filter(({ eventId }) => !bytes.has(eventId));
  const parked = closed.filter(({ eventId }) => unreadable.has(eventId));
  const erased = closed.filter(({ eventId }) => !unreadable.has(eventId));
  const reports = [
    await setStatus(dependencies, parked, {
      status: "parked",
      reason:
        "The event's content cannot be opened with the keys at hand: put the missing master key back, then retry.",
    }),
    await setStatus(dependencies, erased, { status: "cancelled", reason: "The event's content was erased." }),
  ];
  return { bytes, closed: reports.flatMap((report) => report.items) };
}
