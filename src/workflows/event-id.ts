/**
 * Ids of events in their two forms: as the producer gave them, and escaped. The escaped form stands wherever ids are
 * joined to longer ones: in `webhook-id`, ids of deliveries and ids of workflows. There a `.` or a `/` of the
 * producer's would make two readings possible.
 */

/** What an id may hold, as refusals say it. */
export const EVENT_ID_CHARACTERS = "A-Z a-z 0-9 _ - : . /";
/**
 * Most characters of an id. The escaped form is three times as long at most. Temporal takes workflow ids of 1,000
 * bytes, and `retry/page/<id>/<n>/<subscription>` needs 60 more than the id.
 */
export const MAX_EVENT_ID = 256;
/** Not `.` or `..` alone: every URL parser takes these for steps of a path. */
export const EVENT_ID = /^(?!\.{1,2}$)[A-Za-z0-9_:./-]{1,256}$/;
/** Whether a text can be the id of an event. */
export const isEventId = (id: string): boolean => EVENT_ID.test(id);

/**
 * The escaped form: what is not in [A-Za-z0-9_-] becomes `~` and two hexadecimal digits, so `order:4711` becomes
 * `order~3A4711`. Ids of plain characters stay as they are. No id holds `~`, so no escaped form is the id of another
 * event.
 */
export const escapeEventId = (id: string): string =>
  id.replaceAll(
    /[^A-Za-z0-9_-]/g,
    (character) => `~${character.charCodeAt(0).toString(16).toUpperCase().padStart(2, "0")}`,
  );

/** The id as it was given. Undefined for a text that `escapeEventId` never gives. */
export function unescapeEventId(escaped: string): string | undefined {
  const id = readEventId(escaped);
  return id !== undefined && escapeEventId(id) === escaped ? id : undefined;
}

/**
 * The id that a text names, in either form. Any character may be escaped: an id that is a word of the API, such as
 * `count`, is told apart from it so. Undefined for a text that names no id.
 */
export function readEventId(text: string): string | undefined {
  const id = text.replaceAll(/~([0-9A-Fa-f]{2})/g, (_all, code: string) =>
    String.fromCharCode(Number.parseInt(code, 16)),
  );
  return isEventId(id) ? id : undefined;
}

/** Id of a delivery. */
export const deliveryIdOf = (eventId: string, subscriptionId: string): string =>
  `${escapeEventId(eventId)}.${subscriptionId}`;

/** The id of the event that a delivery is of, as it was given. Subscription ids hold no full stop. */
export function eventOfDelivery(deliveryId: string): string {
  const escaped = deliveryId.slice(0, deliveryId.lastIndexOf("."));
  return unescapeEventId(escaped) ?? escaped;
}
