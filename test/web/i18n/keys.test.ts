/** Code names keys and the sentences are in en.json: none is missing, and none is left over. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import en from "../../../web/src/i18n/en.json" with { type: "json" };
import type { Texts } from "../../../web/src/i18n/pseudo.js";

const SOURCES = "web/src";
const code = readdirSync(SOURCES, { recursive: true, encoding: "utf8" })
  .filter((name) => /\.tsx?$/.test(name) && !name.endsWith(".d.ts"))
  .map((name) => ({ name, text: readFileSync(join(SOURCES, name), "utf8") }));

const keysOf = (texts: Texts, before = ""): string[] =>
  Object.entries(texts).flatMap(([key, value]) =>
    typeof value === "string" ? [`${before}${key}`] : keysOf(value, `${before}${key}.`),
  );
/** `count_one` and `count_other` are one key to the code. */
const withoutPlural = (key: string): string => key.replace(/_(one|other)$/, "");
const known = new Set(keysOf(en).map(withoutPlural));
/** Every text in quotes: keys also stand in tables and behind conditions. */
const quoted = new Set(code.flatMap(({ text }) => [...text.matchAll(/"([\w.-]+)"/g)].map(([, key]) => key ?? "")));
/** The beginnings of keys that end with a value: `status.${status}`. */
const beginnings = code.flatMap(({ text }) => [...text.matchAll(/`([\w.-]+\.)\$\{/g)].map(([, start]) => start ?? ""));

test("every key that code asks for has a sentence", () => {
  const asked = code.flatMap(({ name, text }) =>
    [...text.matchAll(/\bt\(\s*"([^"]+)"/g)].map(([, key]) => ({ name, key: key ?? "" })),
  );
  expect(asked.length).toBeGreaterThan(50);
  expect(asked.filter(({ key }) => !known.has(key))).toEqual([]);
});

test("every sentence is asked for by its key, or by the beginning of it", () => {
  const left = [...known].filter(
    (key) => !quoted.has(key) && !beginnings.some((beginning) => key.startsWith(beginning)),
  );
  expect(left).toEqual([]);
});

test("a sentence for one has one for more, with the same parts filled in", () => {
  const keys = keysOf(en);
  const lonely = keys.filter((key) => key.endsWith("_one") && !keys.includes(key.replace(/_one$/, "_other")));
  expect(lonely).toEqual([]);
});

test("the code holds no sentence of its own between tags", () => {
  const sentences = code
    .filter(({ name }) => name.endsWith(".tsx"))
    .flatMap(({ name, text }) =>
      [...text.matchAll(/>\s*([A-Z][a-z]+(?: [a-z]+)+[^<{]*)</g)].map(([, sentence]) => `${name}: ${sentence}`),
    );
  expect(sentences).toEqual([]);
});
