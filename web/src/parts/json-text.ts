/**
 * JSON made readable without being read: only the space between its tokens changes. A parser would change numbers above
 * 2^53, drop members that come twice, and fail on what is no JSON. A payload may have a megabyte and 100,000 members,
 * and the page stands still meanwhile. So characters are handled as numbers, and become text in parts of thousands.
 */
import { CODES, endOfString, isClosing, isSpace } from "./json-characters.js";

const { LINE, BLANK, QUOTE, COMMA, COLON, OPEN_OBJECT, OPEN_LIST } = CODES;

/** Characters that are read between two breaks of `preparePretty`. A text in quotation marks is not parted. */
const SLICE = 65_536;

/** What was prepared last. A page shows one payload at a time. */
let prepared: { text: string; pretty: string } | undefined;

/** The same text with one member or element a line. Text that is no JSON comes back with its own tokens in order. */
export function prettyJson(text: string): string {
  if (prepared?.text === text) return prepared.pretty;
  const made = new PrettyText(text);
  made.readTo(text.length);
  return made.end();
}

/**
 * What a page does with a payload before it is drawn. A long one would hold the page up meanwhile.
 */
export async function preparePayload(
  payload: { body: string; contentType: string; encoding: string } | undefined,
): Promise<void> {
  if (payload?.encoding === "utf8" && /json/i.test(payload.contentType)) await preparePretty(payload.body);
}

/**
 * Makes a long text readable before it is shown, so that `prettyJson` has it at once. The page does what else is to be
 * done after each slice.
 * @param pause resolves when the page has had its turn
 */
export async function preparePretty(text: string, pause: () => Promise<void> = nextTask): Promise<void> {
  if (text.length <= SLICE || prepared?.text === text) return;
  const made = new PrettyText(text);
  for (let to = SLICE; made.readTo(to); to += SLICE) await pause();
  prepared = { text, pretty: made.end() };
}

const nextTask = (): Promise<void> => new Promise((next) => setTimeout(next));

class PrettyText {
  readonly #text: string;
  readonly #out = new TextInParts();
  #at = 0;
  #depth = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** Whether there is more. */
  readTo(to: number): boolean {
    const [text, out] = [this.#text, this.#out];
    let [at, depth] = [this.#at, this.#depth];
    for (const end = Math.min(to, text.length); at < end;) {
      const code = text.charCodeAt(at);
      if (code === QUOTE) {
        const after = endOfString(text, at);
        for (; at < after; at++) out.put(text.charCodeAt(at));
        continue;
      }
      at++;
      if (code === OPEN_OBJECT || code === OPEN_LIST) {
        const closing = closesAtOnce(text, at);
        out.put(code);
        if (closing > 0) {
          out.put(text.charCodeAt(closing));
          at = closing + 1;
        } else out.putLine(++depth);
      } else if (isClosing(code)) {
        out.putLine(--depth);
        out.put(code);
      } else if (code === COMMA) {
        out.put(COMMA);
        out.putLine(depth);
      } else if (code === COLON) {
        out.put(COLON);
        out.put(BLANK);
      } else if (!isSpace(code)) out.put(code);
    }
    [this.#at, this.#depth] = [at, depth];
    return at < text.length;
  }

  end(): string {
    return this.#out.end();
  }
}

const INDENT = 2;
/** Deeper than this, lines are not moved to the right any more: 500 levels would be a megabyte of blanks. */
const DEEPEST = 40;
/** Characters of a part. Every browser takes so many as arguments of one call. */
const PART = 8_192;

/** A text that is made from character codes. */
class TextInParts {
  #text = "";
  #used = 0;
  readonly #part = new Uint16Array(PART);

  put(code: number): void {
    if (this.#used === PART) this.#close();
    this.#part[this.#used++] = code;
  }

  /** The beginning of a line. */
  putLine(depth: number): void {
    this.put(LINE);
    for (let blanks = INDENT * Math.min(depth, DEEPEST); blanks > 0; blanks--) this.put(BLANK);
  }

  #close(): void {
    this.#text += Reflect.apply(String.fromCharCode, undefined, this.#part.subarray(0, this.#used));
    this.#used = 0;
  }

  end(): string {
    this.#close();
    return this.#text;
  }
}

/** Index of the bracket that closes an empty object or list. 0 when it is not empty. */
function closesAtOnce(text: string, start: number): number {
  let at = start;
  while (at < text.length && isSpace(text.charCodeAt(at))) at++;
  return isClosing(text.charCodeAt(at)) ? at : 0;
}
