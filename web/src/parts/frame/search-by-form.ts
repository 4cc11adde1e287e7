/** Where an id leads by its form alone, without asking anybody. All else is asked for. */

export type SearchTarget =
  | { to: "/deliveries/$id"; params: { id: string } }
  | { to: "/events/$id"; params: { id: string } }
  | { to: "/subscriptions/$id"; params: { id: string } }
  | { to: "/deliveries"; search: { event: string } };

const ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}";
/** With a slash it may be the id of a workflow, which holds the id of a delivery. */
const DELIVERY = new RegExp(`^[A-Za-z0-9_:.~-]{1,768}\\.sub_${ULID}$`);
const SUBSCRIPTION = new RegExp(`^sub_${ULID}$`);
const EVENT = new RegExp(`^evt_${ULID}$`);

/** Undefined for what has none of the forms. `mayReadEvents`: whether this person may open an event's own page. */
export function searchByForm(text: string, mayReadEvents: boolean): SearchTarget | undefined {
  if (DELIVERY.test(text)) return { to: "/deliveries/$id", params: { id: text } };
  if (SUBSCRIPTION.test(text)) return { to: "/subscriptions/$id", params: { id: text } };
  if (EVENT.test(text))
    return mayReadEvents ? { to: "/events/$id", params: { id: text } } : { to: "/deliveries", search: { event: text } };
  return undefined;
}
