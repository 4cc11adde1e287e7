/** Filters of subscriptions. */
import { z } from "zod";
import { MAX_FILTER_BYTES } from "../../catalogue/filter.js";
import { eventTypeName } from "../http/primitives.js";

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

export const filterTestInput = z
  .strictObject({
    filter,
    data: z.unknown().meta({ description: "Any JSON value, as a payload" }),
    type: eventTypeName.optional().meta({ description: "`event.type`. `example.event` when absent" }),
    headers: z
      .record(z.string().regex(/^[a-z0-9-]{1,64}$/, "must be header names in lower case"), z.string().max(1_024))
      .optional()
      .meta({ description: "`headers`. `content-type: application/json` when absent" }),
  })
  .meta({ id: "FilterTest" });

export const filterTestView = z
  .object({
    matches: z.boolean().nullable().meta({ description: "null: neither yes nor no; an event like this is parked" }),
    failed: z.string().optional().meta({ description: "Why it is neither" }),
    warnings: filterWarningsView,
  })
  .meta({ id: "FilterTestResult" });
