import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { shellWord } from "../../../../web/src/parts/text/shell-word.js";

test.each(["plain", "", "it's", "''", '$HOME `id` \\ " !!', "two\nlines", "@file; rm -rf /"])(
  "a shell reads %j as it is",
  (text) => {
    expect(execFileSync("sh", ["-c", `printf %s ${shellWord(text)}`], { encoding: "utf8" })).toBe(text);
  },
);
