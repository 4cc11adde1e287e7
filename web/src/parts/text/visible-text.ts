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

/** The rows of a text: its lines, and longer ones in parts. Never cuts a pair of surrogates. */
export function rowsOf(text: string): string[] {
  const rows: string[] = [];
  for (const line of text.split(/\r\n|\n|\r/)) {
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

/** Sixteen bytes a row: offset, hexadecimal, ASCII. */
export function hexRows(bytes: Uint8Array): string[] {
  const rows: string[] = [];
  for (let offset = 0; offset < bytes.length; offset += 16) {
    const part = bytes.subarray(offset, offset + 16);
    const hex = Array.from(part, (byte) => byte.toString(16).padStart(2, "0")).join(" ");
    const ascii = Array.from(part, (byte) => (byte >= 32 && byte < 127 ? String.fromCharCode(byte) : "·")).join("");
    rows.push(`${offset.toString(16).padStart(6, "0")}  ${hex.padEnd(47)}  ${ascii}`);
  }
  return rows;
}
