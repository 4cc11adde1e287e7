/**
 * Host names in letters other than ASCII, for the person who approves an endpoint. It gives the name as people read it,
 * and what in it may pass for another name. Scripts are compared as Unicode UTS 39 says (5.2, highly restrictive). No
 * maintained library of confusable letters was found for JavaScript. So the letters of the scripts by which names have
 * been imitated stand here. They are those of Latin, Cyrillic, Greek and Armenian in IDNA that read as an ASCII letter.
 */
import { domainToUnicode } from "node:url";

export interface HostForPeople {
  /** The host in its own letters. Absent when it is ASCII alone. */
  unicode?: string;
  /** What a reader may be wrong about, in plain words. */
  warnings: string[];
}

/** `hostname` as a URL has it, in ASCII (`xn--…`). */
export function hostForPeople(hostname: string): HostForPeople {
  const unicode = domainToUnicode(hostname);
  if (unicode === "" || unicode === hostname) return { warnings: [] };
  const labels = unicode.split(".");
  // Under a top-level domain of the same script a word of that script is what people expect.
  const expected = scriptsOf(labels.at(-1) as string);
  const warnings = labels.flatMap((label) => mixtureIn(label) ?? imitationIn(label, expected) ?? []);
  return { unicode, warnings: [...new Set(warnings)] };
}

const SCRIPTS = [
  "Latin",
  "Cyrillic",
  "Greek",
  "Armenian",
  "Hebrew",
  "Arabic",
  "Syriac",
  "Thaana",
  "Devanagari",
  "Bengali",
  "Gurmukhi",
  "Gujarati",
  "Oriya",
  "Tamil",
  "Telugu",
  "Kannada",
  "Malayalam",
  "Sinhala",
  "Thai",
  "Lao",
  "Tibetan",
  "Myanmar",
  "Georgian",
  "Hangul",
  "Ethiopic",
  "Cherokee",
  "Canadian_Aboriginal",
  "Khmer",
  "Mongolian",
  "Hiragana",
  "Katakana",
  "Bopomofo",
  "Han",
  "Coptic",
  "Lisu",
  "Tifinagh",
  "Nko",
] as const;
type Script = (typeof SCRIPTS)[number] | "another";
const TESTS = SCRIPTS.map((script) => [script, new RegExp(`\\p{Script=${script}}`, "u")] as const);
const SHARED = /[\p{Script=Common}\p{Script=Inherited}]/u;
/** Scripts that are written together (UTS 39, 5.2). */
const TOGETHER: readonly (readonly Script[])[] = [
  ["Latin", "Han", "Hiragana", "Katakana"],
  ["Latin", "Han", "Bopomofo"],
  ["Latin", "Han", "Hangul"],
];

function scriptsOf(label: string): Set<Script> {
  const scripts = new Set<Script>();
  for (const character of label) {
    if (!SHARED.test(character)) scripts.add(TESTS.find(([, test]) => test.test(character))?.[0] ?? "another");
  }
  return scripts;
}

function mixtureIn(label: string): string | undefined {
  const scripts = [...scriptsOf(label)];
  if (scripts.length < 2 || TOGETHER.some((set) => scripts.every((script) => set.includes(script)))) return undefined;
  return `"${label}" mixes letters of several scripts (${scripts.join(", ")}), which often imitates another name.`;
}

/** By the ASCII letter that they read as, in lower case, as IDNA keeps it. */
const READ_AS: Readonly<Record<string, string>> = {
  a: "аαɑ",
  b: "ьƅ",
  c: "сᴄ",
  d: "ԁ",
  e: "еҽ",
  f: "ƒϝք",
  g: "ɡցƍ",
  h: "һհ",
  i: "іιıɩ",
  j: "јϳյ",
  k: "кκĸ",
  l: "ӏǀլ",
  m: "мʍ",
  n: "пηոռ",
  o: "оοσօ",
  p: "рρթ",
  q: "ԛզգ",
  r: "гᴦ",
  s: "ѕꜱ",
  t: "тτ",
  u: "υսʋц",
  v: "νѵᴠ",
  w: "ԝωѡա",
  x: "хχ",
  y: "уγүყ",
  z: "ᴢ",
  3: "зԑӡ",
  4: "ч",
  6: "б",
};
const ASCII = new Map(
  Object.entries(READ_AS).flatMap(([letter, same]) => [...same].map((character) => [character, letter] as const)),
);

/** A label that reads as one of ASCII letters alone. */
function imitationIn(label: string, expected: ReadonlySet<Script>): string | undefined {
  if (/^[\u0000-\u007f]*$/.test(label)) return undefined;
  const read = [...label].map((character) => (/[a-z0-9-]/.test(character) ? character : ASCII.get(character)));
  if (read.some((character) => character === undefined)) return undefined;
  const scripts = scriptsOf(label);
  if (!scripts.has("Latin") && [...scripts].every((script) => expected.has(script))) return undefined;
  return `"${label}" reads as "${read.join("")}" and is another name.`;
}
