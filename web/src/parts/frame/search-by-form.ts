/** Where a text leads by its form alone, without asking anybody. */

export type SearchTarget =
  | { to: "/deliveries/$id"; params: { id: string } }
  | { to: "/events/$id"; params: { id: string } }
  | { to: "/subscriptions/$id"; params: { id: string } }
  | { to: "/deliveries"; search: { event: string } | { type: string } };

const ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}";
const DELIVERY = new RegExp(`^[A-Za-z0-9_:./~-]{1,768}\\.sub_${ULID}$`);
const SUBSCRIPTION = new RegExp(`^sub_${ULID}$`);
const EVENT = new RegExp(`^evt_${ULID}$`);
const EVENT_TYPE = /^[A-Za-z0-9_-]+([./:][A-Za-z0-9_-]+)+$/;

/** Undefined for what has none of the forms. `mayReadEvents`: whether this person may open an event's own page. */
export function searchByForm(text: string, mayReadEvents: boolean): SearchTarget | undefined {
  if (DELIVERY.test(text)) return { to: "/deliveries/$id", params: { id: text } };
  if (SUBSCRIPTION.test(text)) return { to: "/subscriptions/$id", params: { id: text } };
  if (EVENT.test(text))
    return mayReadEvents ? { to: "/events/$id", params: { id: text } } : { to: "/deliveries", search: { event: text } };
  if (EVENT_TYPE.test(text)) return { to: "/deliveries", search: { type: text } };
  return undefined;
}
