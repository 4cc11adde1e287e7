/** The service's own api and its event types. The service makes them, and nobody else changes them. */
import type { Api, EventType, Subscription } from "../../store/model.js";
import { NOTICE_KINDS, type NoticeKind } from "../../store/notices/notice.js";
import { NOTICE_MEMBERS, type NoticeMember, type NoticeMemberName } from "./members.js";
import { NOTICE_SPECS } from "./notice-kinds.js";

/** Always the same id, in the form of all the others. */
export const OWN_API_ID = `api_${"SEA1P0ST".padStart(26, "0")}`;
export const OWN_API_NAME = "sealpost";
const PREFIX = `${OWN_API_NAME}.`;

/** Name of the event type of a kind. */
export const eventTypeOf = (kind: NoticeKind): string => `${PREFIX}${kind}`;

const OWN_TYPES: ReadonlySet<string> = new Set(NOTICE_KINDS.map(eventTypeOf));
/** Whether the event type tells of the service's own happenings. */
export const isOwnType = (eventType: string): boolean => OWN_TYPES.has(eventType);

/**
 * Whether the subscription takes operational events. What happens to it is shown and never sent, because an event about
 * it could cause the next one.
 */
export const takesNotices = ({ eventTypes }: Pick<Subscription, "eventTypes">): boolean => eventTypes.some(isOwnType);

/** What the api says of itself. A group is granted it like any other. */
export const OWN_API: Pick<Api, "id" | "name" | "description" | "listed" | "approval"> = {
  id: OWN_API_ID,
  name: OWN_API_NAME,
  description:
    "What happens to your own subscriptions here: approvals, endpoints that fail, parked deliveries, " +
    "certificates that end.",
  listed: true,
  // The events concern the group's own subscriptions alone.
  approval: "automatic",
};

/** What a grant of the whole api does not hold (notice-event.ts). */
const BY_NAME = "Only a group that is granted this event type by its name gets it.";

/** Its event types, as the service makes them. */
export const ownEventTypes = (): Pick<EventType, "name" | "apiId" | "description" | "schema" | "examples">[] =>
  NOTICE_KINDS.map((kind) => {
    const { description, always, sometimes = [], example = {}, isOfService } = NOTICE_SPECS[kind];
    const required: NoticeMemberName[] = ["at", ...always];
    const names = [...new Set([...required, ...sometimes])];
    return {
      name: eventTypeOf(kind),
      apiId: OWN_API_ID,
      description: isOfService ? `${description} ${BY_NAME}` : description,
      schema: {
        $schema: "https://json-schema.org/draft/2020-12/schema",
        type: "object",
        properties: Object.fromEntries(names.map((name) => [name, schemaOf(NOTICE_MEMBERS[name])])),
        required: [...new Set(required)],
      },
      examples: [
        Object.fromEntries(
          names.flatMap((name) => {
            const value = name in example ? example[name] : NOTICE_MEMBERS[name].example;
            return value === undefined ? [] : [[name, value]];
          }),
        ),
      ],
    };
  });

const schemaOf = ({ example: _example, enum: values, ...rest }: NoticeMember): Record<string, unknown> => ({
  ...rest,
  ...(values && { enum: [...values] }),
});
