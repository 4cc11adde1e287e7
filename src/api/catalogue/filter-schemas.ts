/** Filters of subscriptions. */
import { z } from "zod";
import { MAX_FILTER_BYTES } from "../../catalogue/filter.js";
import { eventRef, eventTypeName, instant } from "../http/primitives.js";

export const filter = z
  .string()
  .min(1)
  .max(MAX_FILTER_BYTES)
  .refine((text) => Buffer.byteLength(text) <= MAX_FILTER_BYTES, `must be at most ${MAX_FILTER_BYTES} bytes`)
  .meta({
    description: "CEL expression. Only events for which it is true are delivered",
    example: 'data.amount > 100 && event.type.startsWith("payments.")',
  });

export const filterWarningsView = z
  .array(z.string())
  .optional()
  .meta({
    description:
      "Members that the filter uses and that neither the schema nor the examples of an event " +
      "type have. Only in the answer to the call that gave the filter or the event types",
  });

/** Events that a filter is tried on at once. */
export const MOST_SAMPLES = 20;

const failed = z.string().optional().meta({ description: "Why it is neither" });
/** What a payload has where a filter looks. */
export const filterFields = z
  .array(z.object({ field: z.string(), values: z.array(z.string()) }))
  .meta({
    description:
      "Each member of the payload that the filter names, with what is there, as JSON. No value: it has no such member",
  });

export const filterTestInput = z
  .strictObject({
    filter,
    data: z.unknown().optional().meta({ description: "Any JSON value, as a payload" }),
    eventType: eventTypeName
      .optional()
      .meta({
        description:
          "The filter is tried on the examples and on the newest events of this event type. They are in `samples`",
      }),
    sample: z
      .enum(["examples", "recent"])
      .optional()
      .meta({ description: "With `eventType`: only its examples, or only its newest 20 events. Both when absent" }),
    events: z
      .array(eventRef)
      .min(1)
      .max(MOST_SAMPLES)
      .optional()
      .meta({ description: "With `eventType`: these events, not the newest. Those that you may not see are left out" }),
    type: eventTypeName.optional().meta({ description: "`event.type`. `example.event` when absent" }),
    headers: z
      .record(z.string().regex(/^[a-z0-9-]{1,64}$/, "must be header names in lower case"), z.string().max(1_024))
      .optional()
      .meta({ description: "`headers`. `content-type: application/json` when absent" }),
  })
  .refine(
    ({ eventType, sample, events }) => eventType !== undefined || (sample === undefined && events === undefined),
    { path: ["eventType"], message: "is needed with `sample` and `events`" },
  )
  .refine(({ data, eventType }) => data !== undefined || eventType !== undefined, {
    path: ["data"],
    message: "is needed, or an `eventType`",
  })
  .meta({ id: "FilterTest" });

export const filterTestView = z
  .object({
    matches: z
      .boolean()
      .nullable()
      .optional()
      .meta({
        description:
          "For `data`. null: neither yes nor no; an event like this is parked. Absent with `eventType` alone",
      }),
    failed,
    fields: filterFields.optional(),
    samples: z
      .array(
        z.object({
          from: z.enum(["example", "event"]),
          index: z.int().optional().meta({ description: "Of an example, from 0" }),
          eventId: z.string().optional().meta({ description: "Of an event" }),
          acceptedAt: instant.optional(),
          matches: z.boolean().nullable(),
          failed,
          fields: filterFields,
        }),
      )
      .optional()
      .meta({ description: "With `eventType`: its examples, then events, newest first" }),
    warnings: filterWarningsView,
  })
  .meta({ id: "FilterTestResult" });
