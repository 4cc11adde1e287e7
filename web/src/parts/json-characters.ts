/**
 * The characters that JSON is made of, as numbers. To read a megabyte as texts of one character takes several times as
 * long, and the page stands still meanwhile.
 */

const codeOf = (character: string): number => character.charCodeAt(0);

export const CODES = {
  LINE: codeOf("\n"),
  BLANK: codeOf(" "),
  QUOTE: codeOf('"'),
  BACKSLASH: codeOf("\\"),
  COMMA: codeOf(","),
  COLON: codeOf(":"),
  OPEN_OBJECT: codeOf("{"),
  CLOSE_OBJECT: codeOf("}"),
  OPEN_LIST: codeOf("["),
  CLOSE_LIST: codeOf("]"),
  TAB: codeOf("\t"),
  RETURN: codeOf("\r"),
} as const;

const { LINE, BLANK, QUOTE, BACKSLASH, CLOSE_OBJECT, CLOSE_LIST, TAB, RETURN } = CODES;

/** The space between tokens (RFC 8259, section 2). */
export const isSpace = (code: number): boolean => code === BLANK || code === LINE || code === TAB || code === RETURN;

export const isClosing = (code: number): boolean => code === CLOSE_OBJECT || code === CLOSE_LIST;

/**
 * Where the text ends whose opening quotation mark stands at `start`. A text that nothing closes ends with the whole.
 */
export function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === BACKSLASH) at++;
    else if (code === QUOTE) return at + 1;
  }
  return text.length;
}
