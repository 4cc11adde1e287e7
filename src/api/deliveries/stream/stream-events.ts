/** The text of a stream of server-sent events (HTML, 9.2), and the cursors that its events carry. */
import type { Recovery } from "../../../store/collections/recoveries.js";
import type { Delivery } from "../../../store/model.js";
import type { GrantRequestChange } from "../../../store/collections/grant-requests.js";
import type { WatchedSubscription } from "./subscription-watch.js";

/** A listener that comes back later than this starts again from the list. */
export const OLDEST_CURSOR_MS = 5 * 60_000;
const CURSOR = /^[0-9a-z]{1,11}$/;

/** A cursor: every change that could be seen before this instant was told. */
export const cursorOf = (instant: number): string => instant.toString(36);

/** The instant of a cursor. Undefined for one that is too old, lies ahead, or is none. */
export function instantOfCursor(cursor: string, now: number): number | undefined {
  const instant = CURSOR.test(cursor) ? Number.parseInt(cursor, 36) : Number.NaN;
  return instant >= now - OLDEST_CURSOR_MS && instant <= now + OLDEST_CURSOR_MS ? instant : undefined;
}

const block = (event: string, id: string, data: unknown): string =>
  `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`;

/** The first event. From here on nothing is missed. */
export const helloEvent = (id: string): string => block("hello", id, {});
/** What was missed cannot be told. Read the list again. */
export const resetEvent = (id: string): string => block("reset", id, {});
/** Keeps proxies from closing the connection, and moves the cursor on. An event without data is not dispatched. */
export const heartbeat = (id: string): string => `: alive\nid: ${id}\n\n`;

/** What a stream tells of. */
export const STREAM_EVENTS = ["delivery", "recovery", "subscription", "grant_request"] as const;
export type StreamEventName = (typeof STREAM_EVENTS)[number];
export type StreamChange =
  | { about: "delivery"; row: Delivery }
  | { about: "recovery"; row: Recovery }
  | { about: "subscription"; row: WatchedSubscription }
  | { about: "grant_request"; row: GrantRequestChange }
  // Told to those who saw it as it was and do not see it as it is.
  | { about: "gone"; row: WatchedSubscription; now?: WatchedSubscription | undefined };

/** The event of a change. */
export function changeEvent(id: string, change: StreamChange): string {
  switch (change.about) {
    case "delivery":
      return deliveryEvent(id, change.row);
    case "recovery":
      return recoveryEvent(id, change.row);
    case "subscription":
      return subscriptionEvent(id, change.row);
    case "grant_request":
      return grantRequestEvent(id, change.row);
    case "gone":
      return goneEvent(id, change.row);
  }
}

/** A request for a grant that was made or decided. Neither its reason nor who asked is in it. */
const grantRequestEvent = (id: string, { id: request, status, updatedAt }: GrantRequestChange): string =>
  block("grant_request", id, { id: request, status, updatedAt: updatedAt.toISOString() });

/**
 * A subscription that was deleted, or that the listener may not see any more. It does not say which, nor anything else.
 */
const goneEvent = (id: string, { id: subscription }: WatchedSubscription): string =>
  block("gone", id, { id: subscription });

/** A change of a subscription: how it and its endpoint stand. Neither its URL nor a reason is in it. */
const subscriptionEvent = (id: string, { id: subscription, status, health, updatedAt }: WatchedSubscription): string =>
  block("subscription", id, {
    id: subscription,
    status,
    health: health?.state ?? "healthy",
    updatedAt: updatedAt.toISOString(),
  });

/** A change of a delivery. It names ids and no content, so a stream may be logged. */
function deliveryEvent(id: string, delivery: Delivery): string {
  const { status, subscriptionId, eventType, attemptCount, attempts, updatedAt } = delivery;
  return block("delivery", id, {
    id: delivery.id,
    status,
    subscriptionId,
    eventType,
    attemptCount,
    lastStatus: attempts.at(-1)?.status,
    updatedAt: updatedAt.toISOString(),
  });
}

/** A change of a recovery: how far it is. Neither its filter nor a reason is in it. */
function recoveryEvent(id: string, recovery: Recovery): string {
  const { status, progress, count, updatedAt } = recovery;
  const { found, sent, delivered, failedAgain } = progress;
  return block("recovery", id, {
    id: recovery.id,
    status,
    count,
    found,
    sent,
    delivered,
    failedAgain,
    updatedAt: updatedAt.toISOString(),
  });
}
