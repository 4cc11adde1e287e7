/** What a filter says about an event, with what it looked at, for people who write the filter. */
import type { CompiledFilter, FilterInput } from "./filter.js";
import { fieldName, valuesAt } from "./filter-fields.js";

/** What the payload has where the filter looks. */
export interface ReadField {
  /** As the filter writes it: `data.items[].sku`. */
  field: string;
  /** As JSON, each cut after 200 characters. None: the payload has no such member. */
  values: string[];
}

export interface FilterTrial {
  /** `null`: neither yes nor no. An event like this is parked. */
  matches: boolean | null;
  /** Why it is neither. */
  failed?: string;
  /** Each member of the payload that the filter names, at most 20. */
  fields: ReadField[];
}

const MOST_FIELDS = 20;
/** Of a list. */
const MOST_VALUES = 5;
const MOST_CHARACTERS = 200;

/** Evaluates the filter as a dispatch does. Never throws. */
export function tryFilter({ filter, fields }: Extract<CompiledFilter, { ok: true }>, input: FilterInput): FilterTrial {
  const verdict = filter(input);
  return {
    ...("failed" in verdict ? { matches: null, failed: verdict.failed } : verdict),
    fields: fields
      .slice(0, MOST_FIELDS)
      .map((field) => ({ field: fieldName(field.path), values: valuesAt(input.data, field, MOST_VALUES).map(shown) })),
  };
}

function shown(value: unknown): string {
  // A long integer of a payload is a bigint here, and JSON writes it as a number.
  const text =
    typeof value === "bigint"
      ? value.toString()
      : (JSON.stringify(value, (_name, inner: unknown) => (typeof inner === "bigint" ? Number(inner) : inner)) ?? "");
  return text.length > MOST_CHARACTERS ? `${text.slice(0, MOST_CHARACTERS)}…` : text;
}
