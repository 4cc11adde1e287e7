/**
 * A made-up language for tests: each letter has an accent and each text is a third longer, in brackets. What stays
 * plain on a page was written into the code, and what is cut off has no room for another language.
 */

/** Texts by key, in folders of keys. */
export interface Texts {
  [key: string]: string | Texts;
}

const ACCENTED: Readonly<Record<string, string>> = {
  a: "á",
  e: "é",
  i: "í",
  o: "ó",
  u: "ú",
  c: "ç",
  n: "ñ",
  y: "ý",
  A: "Á",
  E: "É",
  I: "Í",
  O: "Ó",
  U: "Ú",
  C: "Ç",
  N: "Ñ",
};

/** A long sentence has more words and no word without an end. */
const WORD = /·{12}/g;

function pseudoText(text: string): string {
  const accented = text.replaceAll(
    /\{\{[^}]*\}\}|[A-Za-z]/g,
    (part) => (part.length > 1 ? part : ACCENTED[part]) ?? part,
  );
  const longer = "·".repeat(Math.ceil(text.length / 3));
  return `[${accented}${longer.replaceAll(WORD, "$& ").trimEnd()}]`;
}

/** The same texts in the made-up language. What is filled in (`{{name}}`) stays. */
export const pseudoOf = (texts: Texts): Texts =>
  Object.fromEntries(
    Object.entries(texts).map(([key, value]) => [key, typeof value === "string" ? pseudoText(value) : pseudoOf(value)]),
  );
