/** From a zod schema to a 400 that names the fields, and never repeats a value. */
import type { z } from "zod";
import { refuse, type FieldError, type Refusal } from "./errors.js";

const MAX_ERRORS = 20;

export type Validated<T> = { ok: true; value: T } | { ok: false; refusal: Refusal };

/** Checks a value. `where` is put before the path, for instance `query`. */
export function validate<S extends z.ZodType>(schema: S, value: unknown, where = ""): Validated<z.output<S>> {
  const result = schema.safeParse(value);
  if (result.success) return { ok: true, value: result.data };
  return { ok: false, refusal: refuse("invalid_request", undefined, { errors: fieldErrors(result.error, where) }) };
}

export function fieldErrors(error: z.ZodError, where = ""): FieldError[] {
  return error.issues.flatMap((issue) => errorsOf(issue, where)).slice(0, MAX_ERRORS);
}

function errorsOf(issue: z.core.$ZodIssue, where: string): FieldError[] {
  const path = pathOf(issue.path, where);
  if (issue.code === "invalid_union") return unionErrors(issue, where);
  if (issue.code === "invalid_key") return [{ path, message: issue.issues[0]?.message ?? issue.message }];
  if (issue.code !== "unrecognized_keys") return [{ path, message: issue.message }];
  // The names came from outside, but they are needed to find the mistake. They are shortened, and as JSON they cannot
  // break a line.
  return issue.keys
    .slice(0, MAX_ERRORS)
    .map((key) => ({ path: pathOf([...issue.path, shortened(key)], where), message: "is not known here" }));
}

/** Of a union the errors of the form that was meant: the one that the value got furthest into. */
function unionErrors(issue: z.core.$ZodIssueInvalidUnion, where: string): FieldError[] {
  const depthOf = (issues: z.core.$ZodIssue[]) => Math.max(...issues.map(({ path }) => path.length));
  const [meant] = issue.errors.filter((issues) => issues.length > 0).sort((a, b) => depthOf(b) - depthOf(a));
  if (!meant || depthOf(meant) === 0) return [{ path: pathOf(issue.path, where), message: issue.message }];
  return meant.flatMap((each) => errorsOf({ ...each, path: [...issue.path, ...each.path] }, where));
}

const shortened = (key: string): string =>
  (key.length <= 64 ? key : `${key.slice(0, 64)}…`).replaceAll(/[\ud800-\udfff]/gu, "\ufffd");

function pathOf(path: readonly PropertyKey[], where: string): string {
  let text = where;
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else text += text === "" ? shortened(String(part)) : `.${shortened(String(part))}`;
  }
  return text;
}

/** The query of a request target as one value per name. A repeated name or a malformed escape is refused. */
export function parseQuery(target: string): Validated<Record<string, string>> {
  const mark = target.indexOf("?");
  if (mark < 0 || mark === target.length - 1) return { ok: true, value: {} };
  const query: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const pair of target.slice(mark + 1).split("&")) {
    if (pair === "") continue;
    const equals = pair.indexOf("=");
    const name = decode(equals < 0 ? pair : pair.slice(0, equals));
    const value = decode(equals < 0 ? "" : pair.slice(equals + 1));
    if (name === undefined || value === undefined)
      return {
        ok: false,
        refusal: refuse("invalid_request", undefined, {
          errors: [{ path: "query", message: "must be percent-encoded UTF-8" }],
        }),
      };
    if (name in query)
      return {
        ok: false,
        refusal: refuse("invalid_request", undefined, {
          errors: [{ path: `query.${shortened(name)}`, message: "must be given once" }],
        }),
      };
    query[name] = value;
  }
  return { ok: true, value: { ...query } };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}
