/**
 * Regular expressions of filters: RE2, whose time grows with the text and never faster (no backtracking, hence no
 * look-around either).
 */
import { RE2JS } from "re2js";

/**
 * A pattern longer than this, or one whose program is larger (`(a{1000}){1000}`), is refused when the filter is saved.
 */
const MAX_PATTERN_LENGTH = 256;
const MAX_PROGRAM_SIZE = 1_000;
/** Text beyond this is not searched. */
export const MAX_SUBJECT_LENGTH = 4_096;

export type CompiledPattern = { ok: true; size: number; found(text: string): boolean } | { ok: false; reason: string };

/**
 * Compiles a pattern of RE2 syntax (https://github.com/google/re2/wiki/Syntax). `found` tells whether it matches
 * anywhere.
 */
export function compilePattern(pattern: string): CompiledPattern {
  if (pattern.length > MAX_PATTERN_LENGTH)
    return { ok: false, reason: `the regular expression is longer than ${MAX_PATTERN_LENGTH} characters` };
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(pattern);
  } catch {
    return { ok: false, reason: "the regular expression is not valid (RE2 syntax)" };
  }
  const size = compiled.programSize();
  if (size > MAX_PROGRAM_SIZE) return { ok: false, reason: "the regular expression repeats too much" };
  return { ok: true, size, found: (text) => compiled.matcher(text).find() };
}
