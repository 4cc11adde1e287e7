/** A subscription's filter: an expression in CEL (https://cel.dev) over an event, compiled when it is saved. */
import { celParser, type CelProgram } from "./cel.js";
import { fieldsOf, type NamedField } from "./filter-fields.js";
import { mixNumbers } from "./filter-numbers.js";
import { confine, meter } from "./filter-program.js";

/** Most bytes of a filter in UTF-8. */
export const MAX_FILTER_BYTES = 2_048;

/** What a filter sees of an event. */
export interface FilterInput {
  event: { type: string; id: string };
  /** The payload, as `payloadForFilter` reads it. */
  data: unknown;
  /** Names in lower case. */
  headers: Record<string, string>;
}

/**
 * `failed`: neither yes nor no, so the event is neither sent nor dropped. Codes: `over_budget`, `not_bool`, or the
 * evaluation's own (`no_such_overload`, `division_by_zero`, …).
 */
export type Verdict = { matches: boolean } | { failed: string };

/** Never throws. */
export type Filter = (input: FilterInput) => Verdict;

/** A place in a filter: line and column from 1, offset from 0, in UTF-16 units. */
export interface FilterFault {
  line: number;
  column: number;
  offset: number;
  reason: string;
}

export type CompiledFilter =
  /** With a `doubt` a filter should not be saved: it means something else than its writer thinks, most likely. */
  { ok: true; filter: Filter; fields: readonly NamedField[]; doubt?: FilterFault } | ({ ok: false } & FilterFault);

const parse = celParser(mixNumbers);

/** Of a member of `data` the type is known at run time only, but arithmetic never gives true or false. */
const GIVE_NUMBERS = new Set(["+", "-", "*", "/", "%", "-_"]);

/**
 * What is not there does not match. Every other error is one of the filter, or of a payload that the filter did not
 * foresee.
 */
const NOT_THERE = new Set(["no_such_key", "index_out_of_bounds"]);

/** Compiles and type-checks. The same text gives the same filter, whose tree is shared. */
export function compileFilter(text: string): CompiledFilter {
  const parsed = parse(text);
  if (!parsed.ok)
    return refused(text, parsed.offset, parsed.failed === "types" ? withCure(parsed.reason) : parsed.reason);
  const { program } = parsed;
  if (program.type !== "bool" && program.type !== "dyn")
    return refused(text, 0, `a filter must give true or false, and this gives ${program.type}`);
  if (GIVE_NUMBERS.has(program.tree.op))
    return refused(text, 0, "a filter must give true or false, and this gives a number or a text");
  const fields = fieldsOf(program.tree);
  const { fault, doubt } = confine(program.tree);
  if (fault) return refused(text, fault.offset, fault.reason);
  const filter: Filter = (input) => evaluate(program, input);
  return { ok: true, filter, fields, ...(doubt && { doubt: placeIn(text, doubt.offset, doubt.reason) }) };
}

/** The library names the types that do not go together. This adds what to write instead. */
const withCure = (reason: string | undefined): string | undefined =>
  reason !== undefined && /\b(?:int|uint|double)\b.*\b(?:int|uint|double)\b/.test(reason)
    ? `${reason}: write numbers alike, as 2.0, or convert with int() or double()`
    : reason;

function evaluate(program: CelProgram, input: FilterInput): Verdict {
  meter.start();
  try {
    const value = program.run(input);
    // What ran out of budget may have been swallowed by `||`. A result that depends on that is none.
    if (meter.over) return { failed: "over_budget" };
    return typeof value === "boolean" ? { matches: value } : { failed: "not_bool" };
  } catch (error) {
    if (meter.over) return { failed: "over_budget" };
    const code = (error as { code?: unknown }).code;
    if (typeof code !== "string") return { failed: "evaluation_error" };
    return NOT_THERE.has(code) ? { matches: false } : { failed: code };
  }
}

const refused = (text: string, offset?: number, reason?: string): CompiledFilter => ({
  ok: false,
  ...placeIn(text, offset, reason),
});

/** Where in the text, with a reason that may be shown. */
export function placeIn(text: string, offset = 0, reason = "the filter is not valid"): FilterFault {
  const lines = text.slice(0, offset).split("\n");
  // The words are the library's and may quote the filter: bounded, and without what a terminal would obey.
  const plain =
    reason
      .split("\n")[0]
      ?.replaceAll(/[^\x20-\x7e]/g, "?")
      .slice(0, 200) ?? "";
  return { line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, offset, reason: plain };
}
