/** What a document says about one event type. */
import { isObject } from "../../../catalogue/json-schema.js";
import type { EventType } from "../../../store/model.js";
import { exact } from "../../http/change.js";
import { deprecationInput, eventTypeInput } from "../schemas.js";
import { fieldErrors } from "../../http/validate.js";
import type { ImportNotice, Warn } from "./modern-schema.js";
import { fault, type ReadResult } from "./references.js";
import { firstName } from "./type-names.js";

export type DescribedType = Pick<
  EventType,
  "name" | "description" | "schema" | "examples" | "validation" | "deprecation"
> & {
  /** JSON pointer of what describes it. */
  at: string;
  /** It is marked as deprecated, perhaps without a date. */
  deprecated: boolean;
};

/**
 * What was read from a document: the types, the parts that cannot be taken, and what was read differently from how it
 * is written.
 */
export interface ReadTypes {
  types: DescribedType[];
  skipped: ImportNotice[];
  warnings: ImportNotice[];
}

/** Names of the extensions that take a type's fields along which neither kind of document has. */
export const EXTENSION = {
  eventType: "x-sealpost-event-type",
  deprecation: "x-sealpost-deprecation",
  validation: "x-sealpost-validation",
} as const;
/** So many examples of one type are taken. They are the first ones. */
export const MAX_EXAMPLES = 10;

const fields = eventTypeInput
  .omit({ apiId: true, schema: true, deprecation: true })
  .extend({ deprecation: deprecationInput.optional() });

export interface GivenType {
  at: string;
  /** Names in the order in which they are tried. A name in the extension comes before all of them. */
  names: readonly unknown[];
  /** What gives it a name if none is given: the address of a channel, or a key. */
  places: readonly unknown[];
  /** Objects that may hold extensions. The first one with a name in its extension counts. */
  extensions: readonly unknown[];
  description: string | undefined;
  schema?: Record<string, unknown> | undefined;
  examples: unknown[];
  deprecated: boolean;
}

/** Checks what came out of a document as the API checks what it is given. */
export function describedType(
  { at, names, places, extensions, schema, examples, deprecated, description }: GivenType,
  warn: Warn,
): ReadResult<DescribedType> {
  const [own = {}] = extensions.filter(isObject);
  const given = extensions
    .filter(isObject)
    .map((each) => each[EXTENSION.eventType])
    .find((name) => name !== undefined);
  const named = firstName(given === undefined ? names : [], places);
  if (given === undefined && !named.ok)
    return fault(
      at,
      "has no name that an event type can have (1 to 128 characters, words of A-Z a-z 0-9 _ - joined by . / or :): " +
        `give it one by ${EXTENSION.eventType}`,
    );
  if (named.ok && named.passedOver.length > 0)
    warn(at, `is named ${named.name}: ${named.passedOver.join(", ")} cannot be the name of an event type`);
  if (examples.length > MAX_EXAMPLES) warn(at, `has more than ${MAX_EXAMPLES} examples; the others are left out`);
  const checked = fields.safeParse(
    exact({
      name: given ?? (named.ok ? named.name : undefined),
      description,
      ...(examples.length > 0 && { examples: examples.slice(0, MAX_EXAMPLES) }),
      deprecation: own[EXTENSION.deprecation],
      validation: own[EXTENSION.validation],
    }),
  );
  if (!checked.success)
    return {
      ok: false,
      errors: fieldErrors(checked.error).map(({ path, message }) => ({
        path: `${at}${path === "" ? "" : ` ${path}`}`,
        message,
      })),
    };
  const { deprecation, ...type } = checked.data;
  const dated = deprecation && {
    ...exact(deprecation),
    at: new Date(deprecation.at),
    sunsetAt: deprecation.sunsetAt === undefined ? undefined : new Date(deprecation.sunsetAt),
  };
  return {
    ok: true,
    value: {
      ...exact(type),
      at,
      deprecated: deprecated || dated !== undefined,
      ...(schema && { schema }),
      ...(dated && { deprecation: exact(dated) }),
    },
  };
}

/** The first that is a text with something in it, cut to what a description may have, without control characters. */
export function describing(...candidates: unknown[]): string | undefined {
  for (const candidate of candidates) {
    if (typeof candidate !== "string") continue;
    const text = candidate
      .replaceAll(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+/g, " ")
      .trim()
      .slice(0, 2_000);
    if (text !== "") return text;
  }
  return undefined;
}

/**
 * The warning for a payload in another language. Events of any content may be published, so the type is still wanted.
 * `language` comes out of the document.
 */
export const withoutSchema = (language: string, needed: "JSON" | "a known JSON Schema"): string =>
  `is ${describing(language)?.slice(0, 128) ?? "something else"} and not ${needed}: the event type is taken without ` +
  "a schema, so that its payloads are not checked";

/** Takes the valid parts. The faults of each other part become one sentence. */
export function collect(read: ReadTypes, outcome: ReadResult<DescribedType>): void {
  if (outcome.ok) read.types.push(outcome.value);
  else
    read.skipped.push(...outcome.errors.slice(0, MAX_FAULTS).map(({ path, message }) => ({ path, reason: message })));
}
const MAX_FAULTS = 5;
