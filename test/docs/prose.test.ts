/** The pages of the documentation and the comments of the code are held to short sentences (scripts/prose.mjs). */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
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
const FILES = ["README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/README.md", "bench/README.md"];
const PAGES = [...FILES, ...FOLDERS.flatMap(pagesOf)].filter((page) => page !== UNCHECKED);

const directory = mkdtempSync(join(tmpdir(), "sealpost-prose-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

interface Checked {
  code: number | null;
  said: string;
}

/** As a command, in a process of its own. */
function command(...pages: string[]): Checked {
  const { status, stdout, stderr } = spawnSync(process.execPath, ["scripts/prose.mjs", ...pages], {
    cwd: root,
    encoding: "utf8",
  });
  return { code: status, said: stdout + stderr };
}

const script = pathToFileURL(join(root, "scripts/prose.mjs")).href;
const { checkProse } = (await import(script)) as { checkProse: (paths: string[]) => Promise<Checked> };
const check = (...pages: string[]): Promise<Checked> => checkProse(pages);

it("the pages are easy to read", () => {
  const { code, said } = command(...PAGES);
  expect(code, said).toBe(0);
});

it("the command fails where the check finds something", () => {
  const page = join(directory, "page.md");
  writeFileSync(page, words(31));
  expect(command(page)).toEqual({ code: 1, said: expect.stringContaining("31 words; at most 30") as string });
});

const words = (count: number): string => `One${" word".repeat(count - 1)}.`;

describe("the check refuses", () => {
  const refused: [string, string, string][] = [
    ["a sentence of 31 words", `Short. ${words(31)}`, "31 words; at most 30"],
    ["a cell of 31 words", `Short.\n\n| a | b |\n|---|---|\n| ${words(31)} | c |\n`, "31 words; at most 30"],
    ["a list item that goes on over lines", `- ${words(20).slice(0, -1)}\n  ${words(15)}\n`, "35 words; at most 30"],
    ["more than a quarter of chained sentences", "One thing: another. Two. Three; four.", "67 % of the sentences"],
  ];
  it.each(refused)("%s", async (_what, text, complaint) => {
    const page = join(directory, "page.md");
    writeFileSync(page, text);
    const { code, said } = await check(page);
    expect(said).toContain(complaint);
    expect(code).toBe(1);
  });

  it("nothing of code, comments, pictures and addresses", async () => {
    const page = join(directory, "page.md");
    writeFileSync(
      page,
      `See \`a: b; c\` and [it](https://a.example). Good.\n\n<!-- ${words(40)} a: b -->\n\n` +
        `![${words(40)}](a.png)\n\n\`\`\`js\n${words(40)} a: b;\n\`\`\`\n`,
    );
    expect(await check(page)).toMatchObject({ code: 0 });
  });
});

describe("of comments the check refuses", () => {
  const inWords = (count: number, end: string): string => words(count).replace(/\.$/, end);
  const refused: [string, string, string][] = [
    ["a sentence of 31 words", `// ${words(31)}\nlet a;\n`, ":1: 31 words; at most 30"],
    [
      "one that goes on over lines",
      `let a;\n\n// ${words(20).slice(0, -1)}\n// ${words(15)}\n`,
      ":3: 35 words; at most",
    ],
    ["one behind code", `let a; // ${words(31)}\n`, ":1: 31 words; at most 30"],
    ["one of a docstring", `/**\n * Short.\n *\n * ${words(31)}\n */\nlet a;\n`, ":1: 31 words; at most 30"],
    ["one at the end of a block", `{\n  let a;\n  // ${words(31)}\n}\n`, ":3: 31 words; at most 30"],
    ["two semicolons", "/** One; two; three. */\nlet a;\n", ":1: 2 semicolons; at most 1"],
    [
      "a semicolon in 21 words",
      `/** ${inWords(19, "; two words.")} */\nlet a;\n`,
      "21 words with a semicolon; at most 20",
    ],
  ];
  it.each(refused)("%s", async (_what, text, complaint) => {
    const file = join(directory, "code.ts");
    writeFileSync(file, text);
    const { code, said } = await check(file);
    expect(said).toContain(complaint);
    expect(code).toBe(1);
  });

  it("nothing of code, examples, addresses, lists of short items and what only looks like a comment", async () => {
    const file = join(directory, "page.tsx");
    writeFileSync(
      file,
      `/**\n * Short: ${words(20).slice(0, -1)}\n * - ${words(20)}\n * - \`a; b; c; d\` at https://a.example/;;.\n` +
        ` * @param a ${words(25)}\n * @example\n * ${words(40)} a; b; c;\n */\n` +
        `const a = "// ${words(40)}";\nconst b = \`/* ${words(40)} */\`;\n` +
        `const c = <p>// ${words(40)} a; b; c</p>;\n// ${words(20)}\nlet d;\n// ${words(20).slice(0, -1)}\n`,
    );
    const { code, said } = await check(file);
    expect(code, said).toBe(0);
    expect(said).toContain("6 sentences in the comments of 1 file");
  });

  it("all of a folder, and says how many", async () => {
    const folder = join(directory, "folder");
    mkdirSync(join(folder, "below"), { recursive: true });
    writeFileSync(join(folder, "a.ts"), "// Good.\n");
    writeFileSync(join(folder, "below", "b.mjs"), `// ${words(31)}\n`);
    writeFileSync(join(folder, "c.d.ts"), `// ${words(31)}\n`);
    const { code, said } = await check(folder);
    expect(code).toBe(1);
    expect(said).toContain("2 sentences in the comments of 2 files");
    expect(said).toContain(`${join(folder, "below", "b.mjs")}:1: 31 words`);
    expect(said).not.toContain("c.d.ts");
  });
});
