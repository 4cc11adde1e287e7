/**
 * Text of others, made safe to look at. Control and bidirectional characters are shown by name, as they can hide or
 * turn around what stands beside them (Unicode Technical Report 36). Lines are bounded, so that one of a megabyte can
 * be drawn.
 */

/** A piece of a line. `hidden` names a character that cannot be seen. */
export interface Piece {
  text: string;
  hidden?: true;
}

/** C0 and C1 controls but tab, soft hyphen, bidirectional controls, zero-width characters, byte-order mark, tags. */
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2064\u2066-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]/gu;

/** The pieces of one line in order. */
export function piecesOf(line: string): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  for (const { 0: character, index } of line.matchAll(HIDDEN)) {
    if (index > from) pieces.push({ text: line.slice(from, index) });
    pieces.push({ text: nameOf(character), hidden: true });
    from = index + character.length;
  }
  if (from < line.length || pieces.length === 0) pieces.push({ text: line.slice(from) });
  return pieces;
}

const nameOf = (character: string): string =>
  `U+${(character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0")}`;

/** Characters of a row: some ten lines on a wide screen. */
const ROW = 1_200;

/** An expression takes several times as long as a character: 100,000 lines are cut while the page stands still. */
const linesOf = (text: string): string[] => text.split(text.includes("\r") ? /\r\n|\n|\r/ : "\n");

/** The rows of a text: its lines, and longer ones in parts. Never cuts a pair of surrogates. */
export function rowsOf(text: string): string[] {
  const lines = linesOf(text);
  if (lines.every(({ length }) => length <= ROW)) return lines;
  const rows: string[] = [];
  for (const line of lines) {
    if (line.length <= ROW) {
      rows.push(line);
      continue;
    }
    for (let from = 0; from < line.length;) {
      let to = Math.min(from + ROW, line.length);
      if (/[\ud800-\udbff]/.test(line[to - 1] ?? "") && to < line.length) to--;
      rows.push(line.slice(from, to));
      from = to;
    }
  }
  return rows;
}

const IN_ROW = 16;
/** Where the parts of a row begin, in characters. */
const HEX_AT = 8;
const ASCII_AT = HEX_AT + 3 * IN_ROW + 1;
const WIDTH = ASCII_AT + IN_ROW;
const DIGITS = Uint8Array.from("0123456789abcdef", (digit) => digit.charCodeAt(0));
const digitOf = (value: number, place: number): number => DIGITS[(value >> (4 * place)) & 15] ?? 0;
/** The middle dot has this one byte in windows-1252, which is read below. */
const NOT_SHOWN = 0xb7;
const BLANK = " ".charCodeAt(0);

/**
 * Sixteen bytes a row: offset, hexadecimal, ASCII. All rows are written as bytes of one text, which is cut afterwards.
 * Row by row a megabyte took 0.4 s.
 */
export function hexRows(bytes: Uint8Array): string[] {
  const count = Math.ceil(bytes.length / IN_ROW);
  const characters = new Uint8Array(count * WIDTH).fill(BLANK);
  for (let row = 0; row < count; row++) {
    const start = row * WIDTH;
    const from = row * IN_ROW;
    for (let place = 0; place < 6; place++) characters[start + 5 - place] = digitOf(from, place);
    const inRow = Math.min(IN_ROW, bytes.length - from);
    for (let column = 0; column < inRow; column++) {
      const byte = bytes[from + column] ?? 0;
      const at = start + HEX_AT + 3 * column;
      characters[at] = digitOf(byte, 1);
      characters[at + 1] = digitOf(byte, 0);
      characters[start + ASCII_AT + column] = byte >= 32 && byte < 127 ? byte : NOT_SHOWN;
    }
  }
  const text = new TextDecoder("windows-1252").decode(characters);
  const inLast = bytes.length - (count - 1) * IN_ROW;
  return Array.from({ length: count }, (_, row) =>
    text.slice(row * WIDTH, row * WIDTH + (row < count - 1 ? WIDTH : ASCII_AT + inLast)),
  );
}

/** In which row of `rowsOf(text)` the characters at these offsets stand. */
export function rowsAt(text: string, rows: readonly string[], offsets: readonly number[]): number[] {
  const starts: number[] = [];
  let at = 0;
  for (const row of rows) {
    starts.push(at);
    at += row.length;
    if (text[at] === "\r" && text[at + 1] === "\n") at += 2;
    else if (text[at] === "\n" || text[at] === "\r") at += 1;
  }
  return offsets.map((offset) => lastUpTo(starts, offset));
}

/** Index of the last of these ascending numbers that is not above the limit. 0 if there is none. */
function lastUpTo(ascending: readonly number[], limit: number): number {
  let [from, to] = [0, ascending.length];
  while (to - from > 1) {
    const middle = (from + to) >>> 1;
    if ((ascending[middle] ?? 0) <= limit) from = middle;
    else to = middle;
  }
  return from;
}
