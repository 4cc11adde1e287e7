/** What a document says about one event type. */
import { isObject } from "../../activities/json-schema.js";
import type { EventType } from "../../store/model.js";
import { exact } from "../change.js";
import { deprecationInput, eventTypeInput } from "../schemas/catalogue.js";
import { fieldErrors } from "../validate.js";
import type { Outcome } from "./references.js";

export type DescribedType = Pick<EventType, "name" | "description" | "schema" | "examples" | "validation" | "deprecation"> & {
  /** JSON pointer of what describes it. */
  at: string;
  /** It is marked as deprecated, perhaps without a date. */
  deprecated: boolean;
};

/** Names of the extensions that take a type's fields along which neither kind of document has. */
export const EXTENSION = { eventType: "x-sealpost-event-type", deprecation: "x-sealpost-deprecation", validation: "x-sealpost-validation" } as const;

const fields = eventTypeInput.omit({ apiId: true, schema: true, deprecation: true }).extend({ deprecation: deprecationInput.optional() });

/** Checks what came out of a document as the API checks what it is given. */
export function describedType(at: string, given: Record<string, unknown> & { schema?: Record<string, unknown> }, extensions: unknown, deprecated: boolean): Outcome<DescribedType> {
  const { schema, ...rest } = given;
  const own = isObject(extensions) ? extensions : {};
  const checked = fields.safeParse(exact({ ...rest, deprecation: own[EXTENSION.deprecation], validation: own[EXTENSION.validation] }));
  if (!checked.success) return { ok: false, errors: fieldErrors(checked.error).map(({ path, message }) => ({ path: `${at}${path === "" ? "" : ` ${path}`}`, message })) };
  const { deprecation, ...type } = checked.data;
  const dated = deprecation && { ...exact(deprecation), at: new Date(deprecation.at), sunsetAt: deprecation.sunsetAt === undefined ? undefined : new Date(deprecation.sunsetAt) };
  return { ok: true, value: { ...exact(type), at, deprecated: deprecated || dated !== undefined, ...(schema && { schema }), ...(dated && { deprecation: exact(dated) }) } };
}

/** The first that is a text with something in it, cut to what a description may have, without control characters. */
export function describing(...candidates: unknown[]): string | undefined {
  for (const candidate of candidates) {
    if (typeof candidate !== "string") continue;
    const text = candidate.replaceAll(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, " ").trim().slice(0, 2_000);
    if (text !== "") return text;
  }
  return undefined;
}

/** The types that were found, or everything that is wrong. */
export function collected(outcomes: Outcome<DescribedType>[]): Outcome<DescribedType[]> {
  const errors = outcomes.flatMap((outcome) => (outcome.ok ? [] : outcome.errors));
  return errors.length > 0 ? { ok: false, errors: errors.slice(0, 20) } : { ok: true, value: outcomes.flatMap((outcome) => (outcome.ok ? [outcome.value] : [])) };
}
