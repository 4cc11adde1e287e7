/** What is checked of an event before it is published: its id, its names in the catalogue, its payload. */
import type { Catalogue } from "../../catalogue/catalogue.js";
import { OWN_API_ID } from "../../catalogue/notices/own-api.js";
import { isChecked } from "../../catalogue/payload-check.js";
import { ownsEventType, seesGroup } from "../access/access.js";
import type { Actor } from "../access/actor.js";
import type { AcceptableEvent, ApiDependencies } from "../dependencies.js";
import type { PublishInput } from "../deliveries/schemas.js";
import { type FieldError, refuse, type Refusal } from "../http/errors.js";
import { idempotencyKey } from "../http/primitives.js";
import { validate } from "../http/validate.js";

/** Most field errors in one answer. */
export const MAX_ERRORS = 20;

/** The event id of the body or of the header. Both may be given when they are the same. */
export function givenEventId(
  id: string | undefined,
  header: string | string[] | undefined,
): string | undefined | Refusal {
  if (header === undefined) return id;
  const checked = validate(idempotencyKey, unquoted(header), "Idempotency-Key");
  if (!checked.ok) return checked.refusal;
  return id === undefined || id === checked.value
    ? checked.value
    : invalid("Idempotency-Key", "must be the same as id");
}

/** The draft of the header writes its value in quotes, as other routes take it. No event id holds any. */
const unquoted = (header: string | string[]): string | string[] =>
  typeof header === "string" ? header.replace(/^"([^"\\]*)"$/, "$1") : header;

export const invalid = (path: string, message: string): Refusal =>
  refuse("invalid_request", undefined, { errors: [{ path, message }] });

/**
 * Our own ids of groups in the place of external ones, each once. They are looked up in memory alone, so a changed
 * external id holds as soon as a changed grant does. What the actor does not see keeps its text, and is unknown.
 */
export function nameGroups(events: readonly AcceptableEvent[], catalogue: Catalogue, actor: Actor): void {
  for (const event of events)
    if (event.groups?.some((group) => group.startsWith("ext:")))
      event.groups = [...new Set(event.groups.map((group) => groupNamed(group, catalogue, actor)))];
}

function groupNamed(given: string, catalogue: Catalogue, actor: Actor): string {
  const known = given.startsWith("ext:") ? catalogue.groupByExternalId(given.slice("ext:".length)) : undefined;
  return known && seesGroup(actor, known.id) ? known.id : given;
}

/** What is unknown to the catalogue or to this actor: a code of its own for one event, 400 with paths for an array. */
export function refuseEvents(
  events: readonly AcceptableEvent[],
  catalogue: Catalogue,
  actor: Actor,
  batch: boolean,
): Refusal | undefined {
  const errors: FieldError[] = [];
  for (const [index, event] of events.entries()) {
    // Another api's type is answered like none: a key learns nothing beyond its limits.
    // Nobody but the service publishes what the service tells of itself.
    const apiId = catalogue.eventType(event.type)?.apiId;
    if (apiId === undefined || apiId === OWN_API_ID || !ownsEventType(actor, catalogue, event.type)) {
      if (!batch) return refuse("event_type_unknown");
      errors.push({ path: `[${index}].type`, message: "is no event type that this key may publish" });
    }
    if (event.groups && !event.groups.every((id) => catalogue.group(id) !== undefined && seesGroup(actor, id))) {
      if (!batch) return refuse("group_unknown");
      errors.push({ path: `[${index}].groups`, message: "names a group that does not exist" });
    }
  }
  return errors.length === 0
    ? undefined
    : refuse("invalid_request", "None of the events was published.", { errors: errors.slice(0, MAX_ERRORS) });
}

/**
 * Refuses payloads that the schema of their type forbids, of one event or of an array. Of an array with such a payload
 * nothing is published.
 */
export function refusePayloads(
  dependencies: CheckDependencies,
  events: readonly AcceptableEvent[],
  value: unknown,
): Refusal | undefined {
  if (!Array.isArray(value)) return events[0] && refusePayload(dependencies, events[0], value);
  const errors: FieldError[] = [];
  for (const [index, event] of events.entries()) {
    const refusal = refusePayload(dependencies, event, (value as readonly unknown[])[index]);
    for (const { path, message } of refusal?.errors ?? []) errors.push({ path: `[${index}].${path}`, message });
    if (errors.length >= MAX_ERRORS) break;
  }
  return errors.length === 0
    ? undefined
    : refuse("payload_invalid", `None of the events was published. ${inWords(errors)}`, {
        errors: errors.slice(0, MAX_ERRORS),
      });
}

type CheckDependencies = Pick<ApiDependencies, "catalogue" | "payloadCheck">;

/** `input` is the parsed event of a JSON publish. For a type without a check this is one look into a map. */
export function refusePayload(
  { catalogue, payloadCheck }: CheckDependencies,
  { type, contentType, body }: AcceptableEvent,
  input?: unknown,
): Refusal | undefined {
  const eventType = catalogue.eventType(type);
  if (!isChecked(eventType)) return undefined;
  const parsed = input === undefined ? undefined : { value: (input as PublishInput).data };
  const faults = payloadCheck(eventType, { contentType, bytes: body, ...(parsed && { parsed }) });
  const errors = faults?.map(({ path, message }) => ({ path: `data${path}`, message }));
  return errors && refuse("payload_invalid", inWords(errors), { errors });
}

/** The first fault, for people who see the sentence alone. Programs have them all in `errors`. */
function inWords([first, ...others]: readonly FieldError[]): string {
  if (!first) return "";
  const more = others.length === 0 ? "" : `, and ${others.length} more ${others.length === 1 ? "fault" : "faults"}`;
  return `\`${first.path}\` ${first.message}${more}.`;
}
