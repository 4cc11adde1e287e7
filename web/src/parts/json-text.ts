/**
 * JSON made readable without being read: only the space between its tokens changes. A parser would change numbers above
 * 2^53, drop members that come twice, and fail on what is no JSON.
 */

const INDENT = "  ";

/** The same text with one member or element a line. Text that is no JSON comes back with its own tokens in order. */
export function prettyJson(text: string): string {
  let out = "";
  let depth = 0;
  for (let at = 0; at < text.length;) {
    const character = text[at] ?? "";
    if (character === '"') {
      const end = endOfString(text, at);
      out += text.slice(at, end);
      at = end;
      continue;
    }
    at++;
    if (character === "{" || character === "[") {
      const closing = closesAtOnce(text, at);
      if (closing > 0) {
        out += character + (text[closing] ?? "");
        at = closing + 1;
      } else out += character + lineAt(++depth);
    } else if (character === "}" || character === "]") out += lineAt(--depth) + character;
    else if (character === ",") out += `,${lineAt(depth)}`;
    else if (character === ":") out += ": ";
    else if (!isSpace(character)) out += character;
  }
  return out;
}

const isSpace = (character: string | undefined): boolean =>
  character === " " || character === "\n" || character === "\t" || character === "\r";

/** Deeper than this, lines are not moved to the right any more: 500 levels would be a megabyte of blanks. */
const DEEPEST = 40;
const LINES = Array.from({ length: DEEPEST + 1 }, (_, depth) => `\n${INDENT.repeat(depth)}`);
const lineAt = (depth: number): string => LINES[Math.min(Math.max(depth, 0), DEEPEST)] ?? "";

function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === "\\") at++;
    else if (text[at] === '"') return at + 1;
  }
  return text.length;
}

/** Index of the bracket that closes an empty object or list. 0 when it is not empty. */
function closesAtOnce(text: string, start: number): number {
  let at = start;
  while (at < text.length && isSpace(text[at])) at++;
  return text[at] === "}" || text[at] === "]" ? at : 0;
}
