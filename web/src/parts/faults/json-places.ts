/**
 * Where in a JSON text the values stand that JSON pointers name (RFC 6901). The text is walked once and nothing of it
 * is kept, because it may have a megabyte and be nested as deep as it likes. Only what the pointers name is looked
 * into.
 */
import { CODES, endOfString, isClosing, isSpace } from "../json-characters.js";

const { OPEN_OBJECT, OPEN_LIST, QUOTE, COMMA, COLON } = CODES;

interface Wanted {
  /** Pointers that end here or below. */
  pointers: string[];
  children: Map<string, Wanted>;
}

/**
 * The offset of each pointer's value in the text: of the name for a member, of the first character for an element. A
 * pointer whose value is not there gets the offset of what is nearest above it.
 */
export function placesIn(text: string, pointers: readonly string[]): Map<string, number> {
  const places = new Map<string, number>();
  const note = ({ pointers: here }: Wanted, at: number) => here.forEach((pointer) => places.set(pointer, at));
  const root = wantedOf(pointers);
  const start = afterSpace(text, 0);
  note(root, start);
  walk(text, start, root, note);
  return places;
}

function wantedOf(pointers: readonly string[]): Wanted {
  const root: Wanted = { pointers: [], children: new Map() };
  for (const pointer of pointers) {
    let node = root;
    node.pointers.push(pointer);
    for (const step of pointer.split("/").slice(1)) {
      const name = step.replaceAll("~1", "/").replaceAll("~0", "~");
      const child = node.children.get(name) ?? { pointers: [], children: new Map<string, Wanted>() };
      node.children.set(name, child);
      node = child;
      node.pointers.push(pointer);
    }
  }
  return root;
}

/** Reads the value that begins at `at`, and gives where it ends. It goes no deeper than the pointers do. */
function walk(text: string, at: number, wanted: Wanted, note: (wanted: Wanted, at: number) => void): number {
  const opens = text.charCodeAt(at);
  if (wanted.children.size === 0 || (opens !== OPEN_OBJECT && opens !== OPEN_LIST)) return endOfValue(text, at);
  let next = afterSpace(text, at + 1);
  for (let index = 0; next < text.length && !isClosing(text.charCodeAt(next)); index++) {
    const from = next;
    let name: string;
    if (opens === OPEN_OBJECT) {
      const end = endOfValue(text, next);
      name = nameIn(text.slice(next, end));
      // The colon stands between the name and its value.
      next = afterSpace(text, afterSpace(text, end) + 1);
    } else name = String(index);
    const child = wanted.children.get(name);
    if (child) note(child, from);
    const end = child ? walk(text, next, child, note) : endOfValue(text, next);
    next = afterSpace(text, end);
    if (text.charCodeAt(next) === COMMA) next = afterSpace(text, next + 1);
    else if (next <= from) return text.length;
  }
  return Math.min(next + 1, text.length);
}

/** Most names are plain text between quotation marks. To parse each of 100,000 takes longer than all the rest. */
function nameIn(literal: string): string {
  if (literal.length > 1 && literal.startsWith('"') && !literal.includes("\\")) return literal.slice(1, -1);
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
}

function afterSpace(text: string, start: number): number {
  let at = start;
  while (isSpace(text.charCodeAt(at))) at++;
  return at;
}

/** Where the value ends, however deep it is. */
function endOfValue(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at) - 1;
    else if (code === OPEN_OBJECT || code === OPEN_LIST) depth++;
    else if (isClosing(code)) {
      if (depth === 0) return at;
      depth--;
    } else if (depth === 0 && (code === COMMA || code === COLON || isSpace(code))) return at;
    else continue;
    if (depth === 0) return at + 1;
  }
  return text.length;
}
