/** The first pages that a reader sees are held to short sentences (scripts/prose.mjs). */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../support/build.js";

const root = repositoryRoot();
const pagesOf = (folder: string): string[] =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith(".md"))
    .map((name) => `${folder}/${name}`);
// A cell of HTTP headers lists calls, and no sentence.
const UNCHECKED = "docs/reference/http-headers.md";
const FOLDERS = [
  "docs/tutorial",
  "docs/how-to",
  "docs/reference",
  "docs/operations",
  "docs/operations/runbook",
  "docs/explanation",
  "docs/explanation/decisions",
];
const PAGES = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "docs/README.md", ...FOLDERS.flatMap(pagesOf)].filter(
  (page) => page !== UNCHECKED,
);

const directory = mkdtempSync(join(tmpdir(), "sealpost-prose-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

function check(...pages: string[]): { code: number | null; said: string } {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/prose.mjs", ...pages], {
    cwd: root,
    encoding: "utf8",
  });
  return { code: status, said: stdout + stderr };
}

it("the pages are easy to read", () => {
  const { code, said } = check(...PAGES);
  expect(code, said).toBe(0);
});

describe("the check refuses", () => {
  const words = (count: number): string => `One${" word".repeat(count - 1)}.`;
  const refused: [string, string, string][] = [
    ["a sentence of 31 words", `Short. ${words(31)}`, "31 words; at most 30"],
    ["a cell of 31 words", `Short.\n\n| a | b |\n|---|---|\n| ${words(31)} | c |\n`, "31 words; at most 30"],
    ["a list item that goes on over lines", `- ${words(20).slice(0, -1)}\n  ${words(15)}\n`, "35 words; at most 30"],
    ["more than a quarter of chained sentences", "One thing: another. Two. Three; four.", "67 % of the sentences"],
  ];
  it.each(refused)("%s", (_what, text, complaint) => {
    const page = join(directory, "page.md");
    writeFileSync(page, text);
    const { code, said } = check(page);
    expect(said).toContain(complaint);
    expect(code).toBe(1);
  });

  it("nothing of code, comments, pictures and addresses", () => {
    const page = join(directory, "page.md");
    writeFileSync(
      page,
      `See \`a: b; c\` and [it](https://a.example). Good.\n\n<!-- ${words(40)} a: b -->\n\n` +
        `![${words(40)}](a.png)\n\n\`\`\`js\n${words(40)} a: b;\n\`\`\`\n`,
    );
    expect(check(page)).toMatchObject({ code: 0 });
  });
});
