/**
 * Host names in letters other than ASCII, for the person who approves an endpoint. It gives the name as people read it,
 * and what in it may pass for another name. Scripts are compared as Unicode UTS 39 says (5.2, highly restrictive). No
 * maintained library of confusable letters was found for JavaScript. So the letters of the scripts by which names have
 * been imitated stand here. They are those of Latin, Cyrillic, Greek and Armenian in IDNA that read as an ASCII letter.
 */
import { domainToUnicode } from "node:url";

export interface HostForPeople {
  /**
   * The host in its own letters. Absent when it is ASCII alone. A label with a sign that may be read as a part of the
   * address stays in ASCII, as browsers show it. `com∕hook` would look like the end of a host.
   */
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
  const warnings = labels.flatMap((label) => signIn(label) ?? mixtureIn(label) ?? imitationIn(label, expected) ?? []);
  const ascii = hostname.split(".");
  const shown = labels.map((label, index) => (signIn(label) === undefined ? label : ascii[index])).join(".");
  return { ...(shown !== hostname && { unicode: shown }), warnings: [...new Set(warnings)] };
}

/**
 * What is no letter, mark, digit, hyphen or low line. IDNA 2008 allows none of them (RFC 5892), and browsers resolve
 * them all the same. Joiners are looked at by the URL parser.
 */
const SIGN = /[^\p{L}\p{M}\p{N}\u200c\u200d_-]/u;
/** Signs that are letters of a word where they stand so (RFC 5892, A.3 to A.7). */
const OF_WORDS = new RegExp(
  [
    String.raw`(?<=l)\u00b7(?=l)`,
    String.raw`\u0375(?=\p{Script=Greek})`,
    String.raw`(?<=\p{Script=Hebrew})[\u05f3\u05f4]`,
    String.raw`(?<=[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}])\u30fb`,
  ].join("|"),
  "gu",
);
/** Letters of Japanese and Chinese that read as a slash beside Latin ones. */
const SLASHES = /(?<=[a-z0-9])[ノンソゾ丶丿亅〳]|[ノンソゾ丶丿亅〳](?=[a-z0-9])/u;

function signIn(label: string): string | undefined {
  const sign = SIGN.exec(label.replaceAll(OF_WORDS, "")) ?? SLASHES.exec(label);
  return sign === null
    ? undefined
    : `"${label}" is one part of the host name. Its "${sign[0]}" may be read as a slash, a dot or another sign.`;
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
