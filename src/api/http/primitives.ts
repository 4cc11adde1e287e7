/** The small schemas that the others are made of. */
import { z } from "zod";
import type {} from "zod-openapi";
import { EVENT_ID, EVENT_ID_CHARACTERS, MAX_EVENT_ID, readEventId } from "../../workflows/event-id.js";

/**
 * No control characters and none that reverse the text, because names end up in logs and on screens. Lone surrogates
 * are refused in body.ts. If they stood here, validators of other languages could not use the pattern.
 */
const PLAIN = /^[^\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]*$/u;

/**
 * Something that can be seen: no blank, and none of the characters that take no room or an empty one. A name of blanks
 * would be a link without words.
 */
const SEEN = /[^\s\u00ad\u115f\u1160\u200b-\u200d\u2060-\u2064\u2800\u3164\ufe00-\ufe0f\uffa0]/u;

/** Text without control characters, 1 to `max` characters, one of which can be seen. */
export const text = (max: number) =>
  z
    .string()
    .min(1)
    .max(max)
    .regex(PLAIN, "must not hold control characters")
    .regex(SEEN, "must hold something that can be seen");

export const ULID = "[0-7][0-9A-HJKMNP-TV-Z]{25}";
/** An id made by the service: prefix, `_`, ULID. */
export const prefixedId = (prefix: string) =>
  z
    .string()
    .regex(new RegExp(`^${prefix}_${ULID}$`), `must be an id such as ${prefix}_01K3ZJ8Q5T9V7X2M4N6P8R0S1W`)
    .meta({ example: `${prefix}_01K3ZJ8Q5T9V7X2M4N6P8R0S1W` });

/** What others may call our objects. No colon, because it separates the parts of `ext:<group>:<id>` in a path. */
export const EXTERNAL_ID = "[A-Za-z0-9._~@+=-]{1,128}";
/** An id that others gave to an object. */
export const externalIdText = z
  .string()
  .regex(new RegExp(`^${EXTERNAL_ID}$`), "must be 1 to 128 of A-Z a-z 0-9 . _ ~ @ + = -");

/** An id made by the service, or `ext:` and the external id of the same object. */
export const idOrExternal = (prefix: string, what: string) =>
  z
    .string()
    .regex(
      new RegExp(`^(?:${prefix}_${ULID}|ext:${EXTERNAL_ID})$`),
      `must be an id such as ${prefix}_01K3ZJ8Q5T9V7X2M4N6P8R0S1W, or \`ext:\` and an external id`,
    )
    .meta({
      example: `${prefix}_01K3ZJ8Q5T9V7X2M4N6P8R0S1W`,
      description: `The id of the ${what}, or \`ext:\` and its \`externalId\``,
    });

/** Prefix of the service's own event types. */
export const RESERVED_TYPE_PREFIX = "sealpost.";
/**
 * Name of an event type: words of letters, digits, `_` and `-`, joined by `.`, `/` or `:`. In a path it is
 * percent-encoded.
 */
export const eventTypeName = z
  .string()
  .min(1)
  .max(128)
  .regex(/^[A-Za-z0-9_-]+([./:][A-Za-z0-9_-]+)*$/, "must be words of A-Z a-z 0-9 _ - joined by . / or :")
  .meta({ example: "payments.invoice.paid" });

/** The id of an event, as its producer gives it. */
export const eventId = z
  .string()
  .min(1)
  .max(MAX_EVENT_ID)
  .regex(EVENT_ID, `must be 1 to ${MAX_EVENT_ID} of ${EVENT_ID_CHARACTERS}`)
  .meta({ example: "evt_01K3ZJ8Q5T9V7X2M4N6P8R0S1W" });

/** An event that is meant: by its id, or by the escaped form that consumers get as `webhook-id`. Gives the id. */
export const eventRef = z
  .string()
  .min(1)
  .max(3 * MAX_EVENT_ID)
  .regex(/^[A-Za-z0-9_:./~-]+$/, `must be an event id, 1 to ${MAX_EVENT_ID} of ${EVENT_ID_CHARACTERS}, or a webhook-id`)
  .transform((text) => readEventId(text) ?? "")
  .refine((id) => id !== "", "must be an event id or a webhook-id")
  .meta({
    example: "evt_01K3ZJ8Q5T9V7X2M4N6P8R0S1W",
    description:
      "The event's id, percent-encoded in a path, or its `webhook-id`. Any character may stand as `~` and two " +
      "hexadecimal digits: `~63ount` is the event `count`, which `GET /v1/events/count` is not",
  });

/** `Idempotency-Key` of a publish, which is the event id by another way. */
export const idempotencyKey = z.string().min(1).max(255).regex(EVENT_ID, `must be 1 to 255 of ${EVENT_ID_CHARACTERS}`);

/** An instant in an answer. */
export const instant = z.iso.datetime().meta({ example: "2026-11-24T09:30:00.000Z" });
/** An instant in a request, with `Z` or an offset. */
export const instantInput = z.iso.datetime({ offset: true }).meta({ example: "2026-11-24T09:30:00Z" });
const AGO = /^-([1-9][0-9]{0,4})([mhd])$/;
const UNIT_MS = { m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
/** An instant in a query, or so long ago. The router makes an instant of it before the handler sees it. */
export const instantOrAgo = z
  .union([instantInput, z.string().regex(AGO)], "must be an instant such as 2026-11-24T09:30:00Z, or -15m, -24h or -7d")
  .meta({ example: "-24h" });

/** The instant that a valid `instantOrAgo` names at the time `now`. */
export function instantFrom(text: string, now: number): string {
  const [, amount, unit] = AGO.exec(text) ?? [];
  return unit === "m" || unit === "h" || unit === "d"
    ? new Date(now - Number(amount) * UNIT_MS[unit]).toISOString()
    : text;
}

const MAX_PAGE = 250;
/** The query of a list. */
export const pageQuery = z.strictObject({
  limit: z
    .string()
    .regex(/^[1-9][0-9]{0,2}$/, "must be a whole number from 1 to 250")
    .transform(Number)
    .pipe(z.number().max(MAX_PAGE, "must be at most 250"))
    .optional()
    .meta({
      description: `Items on a page, 1 to ${MAX_PAGE}; 50 when absent`,
      override: { type: "integer", minimum: 1, maximum: MAX_PAGE, pattern: undefined },
    }),
  cursor: z
    .string()
    .min(1)
    .max(1024)
    .regex(/^[A-Za-z0-9_.~=-]+$/, "must be a `next` of an earlier page")
    .optional()
    .meta({ description: "`next` of the page before" }),
});
export const DEFAULT_LIMIT = 50;

/** A page of a list. */
export const pageOf = <T extends z.ZodType>(item: T) =>
  z.object({
    data: z.array(item),
    next: z.string().nullable().meta({ description: "Cursor of the next page; null on the last one" }),
  });
