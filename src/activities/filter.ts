/** A subscription's filter: an expression in CEL (https://cel.dev) over an event, compiled when it is saved. */
import { Environment, ParseError, EvaluationError, TypeError as CelTypeError } from "@marcbachmann/cel-js";
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
 * `failed`: neither yes nor no, so the event is neither sent nor dropped. Codes: `over_budget`, `not_bool`, or the evaluation's own
 * (`no_such_overload`, `division_by_zero`, …).
 */
export type Verdict = { matches: boolean } | { failed: string };

/** Never throws. */
export type Filter = (input: FilterInput) => Verdict;

export type CompiledFilter =
  | { ok: true; filter: Filter }
  /** Line and column from 1, offset from 0, in UTF-16 units. */
  | { ok: false; line: number; column: number; offset: number; reason: string };

const environment = new Environment({
  limits: { maxAstNodes: 200, maxDepth: 32, maxListElements: 100, maxMapEntries: 50, maxCallArguments: 4 },
  homogeneousAggregateLiterals: false,
})
  .registerVariable({ name: "event", schema: { type: "string", id: "string" } })
  .registerVariable("data", "dyn")
  .registerVariable("headers", "map<string, string>");

/** What is not there does not match; every other error is one of the filter, or of a payload that the filter did not foresee. */
const NOT_THERE = new Set(["no_such_key", "index_out_of_bounds"]);

/** Compiles and type-checks. The same text gives the same filter, whose tree is shared. */
export function compileFilter(text: string): CompiledFilter {
  try {
    const program = environment.parse(text);
    const checked = program.check();
    if (!checked.valid) return at(text, checked.error?.range?.start, checked.error?.summary);
    if (checked.type !== "bool" && checked.type !== "dyn") return at(text, 0, `a filter must give true or false, and this gives ${checked.type}`);
    const fault = confine(program.ast);
    if (fault) return at(text, fault.offset, fault.reason);
    return { ok: true, filter: (input) => evaluate(program as (context: FilterInput) => unknown, input) };
  } catch (error) {
    if (!isCelError(error)) throw error;
    return at(text, error.range?.start, error.summary);
  }
}

function evaluate(program: (context: FilterInput) => unknown, input: FilterInput): Verdict {
  meter.start();
  try {
    const value = program(input);
    // What ran out of budget may have been swallowed by `||`; a result that depends on that is none.
    if (meter.over) return { failed: "over_budget" };
    return typeof value === "boolean" ? { matches: value } : { failed: "not_bool" };
  } catch (error) {
    if (meter.over) return { failed: "over_budget" };
    const code = (error as { code?: unknown }).code;
    if (typeof code !== "string") return { failed: "evaluation_error" };
    return NOT_THERE.has(code) ? { matches: false } : { failed: code };
  }
}

type CelError = ParseError | EvaluationError | CelTypeError;
const isCelError = (error: unknown): error is CelError => error instanceof ParseError || error instanceof EvaluationError || error instanceof CelTypeError;

function at(text: string, offset = 0, reason = "the filter is not valid"): CompiledFilter {
  const lines = text.slice(0, offset).split("\n");
  // The words are the library's and may quote the filter: bounded, and without what a terminal would obey.
  const plain = reason.split("\n")[0]?.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, 200) ?? "";
  return { ok: false, line: lines.length, column: (lines.at(-1)?.length ?? 0) + 1, offset, reason: plain };
}
