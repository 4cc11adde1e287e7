import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

const SOURCES = join(import.meta.dirname, "../../web/src");
/** Sides of the screen. A language from right to left needs sides of the text, such as `inline-start`. */
const SIDES =
  /^\s*((?:padding|margin|border)-(?:left|right)[\w-]*|left|right|float)\s*:|text-align:\s*(?:left|right)/gm;

test("no style sheet names a side of the screen", () => {
  const sheets = readdirSync(SOURCES, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".css"));
  expect(sheets.length).toBeGreaterThan(20);
  const named = sheets.flatMap((name) =>
    Array.from(readFileSync(join(SOURCES, name), "utf8").matchAll(SIDES), ([text]) => `${name}: ${text.trim()}`),
  );
  expect(named).toEqual([]);
});
