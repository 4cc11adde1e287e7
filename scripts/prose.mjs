// Checks prose: `node scripts/prose.mjs README.md src …`. Of a Markdown page it reads the sentences, of a file of code
// or a folder of such files the comments. test/docs/prose.test.ts says which pages are held to it, and `npm run lint`
// which folders.
// A reader of English as a second language gets lost in long sentences, and in sentences that are chained by colons and
// semicolons.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** Most words of a sentence. */
const MOST_WORDS = 30;
/** Most words of a comment's sentence that holds a semicolon. */
const MOST_WORDS_CHAINED = 20;
/** Most semicolons of a comment's sentence. */
const MOST_SEMICOLONS = 1;
/** Largest part of a page's sentences that may hold a colon or a semicolon. */
const MOST_CHAINED = 0.25;
/** Most lines of a page, where there is a limit, by its path as it is given. */
const MOST_LINES = { "README.md": 120 };

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { code, said } = await checkProse(process.argv.slice(2));
  process.stdout.write(said);
  process.exitCode = code;
}

/** What is wrong with these pages, files and folders, in the words of the command, and its exit status. */
export async function checkProse(paths) {
  const lines = [];
  let code = 0;
  for (const given of paths) {
    const { faults, summary } = given.endsWith(".md")
      ? checkPage(given, readFileSync(given, "utf8"))
      : await checkComments(given);
    lines.push(`${given}: ${summary}\n`, ...faults.map((fault) => `  ${fault}\n`));
    if (faults.length > 0) code = 1;
  }
  return { code, said: lines.join("") };
}

function checkPage(file, text) {
  const faults = [];
  const { sentences, cells } = partsOf(text);
  const chained = sentences.filter((sentence) => /[:;]/.test(sentence));
  const part = sentences.length === 0 ? 0 : chained.length / sentences.length;
  const lines = text.trimEnd().split("\n").length;
  const mostLines = MOST_LINES[file] ?? Infinity;
  if (lines > mostLines) faults.push(`${lines} lines; at most ${mostLines}`);
  for (const sentence of [...sentences, ...cells]) {
    const words = wordsOf(sentence);
    if (words > MOST_WORDS) faults.push(`${words} words; at most ${MOST_WORDS}: ${sentence}`);
  }
  if (part > MOST_CHAINED)
    faults.push(
      `${percent(part)} of the sentences hold a colon or a semicolon; at most ${percent(MOST_CHAINED)}`,
      ...chained.map((sentence) => `- ${sentence}`),
    );
  return {
    faults,
    summary:
      `${lines} lines, ${sentences.length} sentences, ${percent(part)} with a colon or a ` +
      `semicolon, the longest has ${Math.max(0, ...sentences.map(wordsOf))} words`,
  };
}

/** Of one file of code, or of all in a folder. The compiler is loaded only here, as pages do not need it. */
async function checkComments(given) {
  const { commentsOf } = await import("./comments.mjs");
  const files = statSync(given).isDirectory()
    ? readdirSync(given, { recursive: true })
        .filter((file) => /\.(tsx?|mjs)$/.test(file) && !file.endsWith(".d.ts"))
        .map((file) => join(given, file))
        .sort()
    : [given];
  const faults = [];
  let count = 0;
  for (const file of files)
    for (const { line, text } of commentsOf(file, readFileSync(file, "utf8")))
      for (const sentence of sentencesOfComment(text)) {
        count++;
        const fault = faultOf(sentence);
        if (fault) faults.push(`${file}:${line}: ${fault}: ${sentence}`);
      }
  return {
    faults,
    summary: `${count} sentences in the comments of ${files.length} ${files.length === 1 ? "file" : "files"}`,
  };
}

function faultOf(sentence) {
  const words = wordsOf(sentence);
  const semicolons = sentence.split(";").length - 1;
  if (words > MOST_WORDS) return `${words} words; at most ${MOST_WORDS}`;
  if (semicolons > MOST_SEMICOLONS) return `${semicolons} semicolons; at most ${MOST_SEMICOLONS}`;
  if (semicolons > 0 && words > MOST_WORDS_CHAINED)
    return `${words} words with a semicolon; at most ${MOST_WORDS_CHAINED}`;
  return undefined;
}

/** Code and examples are no sentences. Items of a list, tags and paragraphs begin new ones. */
function sentencesOfComment(text) {
  return text
    .replace(/^\s*```[\s\S]*?^\s*```/gm, "")
    .replace(/^\s*@example[\s\S]*?(?=^\s*@|$(?![\s\S]))/gm, "")
    .split(/\n\s*\n|\n(?=\s*@)|\n(?=\s*[-*] )|\n(?=\s*\d+\. )/)
    .flatMap((paragraph) =>
      paragraph
        .replace(/`[^`]*`/g, "code")
        .replace(/https?:\/\/\S+/g, "address")
        .replace(/\s+/g, " ")
        .trim()
        .split(/(?<=[.!?])\s+/),
    )
    .filter((sentence) => /\w/.test(sentence));
}

/** Sentences of paragraphs and lists, and of the cells of tables. Code, headings, pictures and comments are none. */
function partsOf(text) {
  const sentences = [];
  const cells = [];
  let paragraph = [];
  const end = () => {
    sentences.push(...sentencesOf(paragraph.join(" ")));
    paragraph = [];
  };
  const plain = text
    .replace(/<!--[\s\S]*?-->/g, "")
    .replace(/^(```+)[^\n]*\n[\s\S]*?^\1$/gm, "")
    .replace(/^!\[.*$/gm, "")
    .replace(/^#+ .*$/gm, "");
  for (const line of plain.split("\n")) {
    if (/^\s*\|/.test(line)) {
      end();
      if (!/^\s*\|[\s:|-]+$/.test(line)) cells.push(...line.split("|").flatMap(sentencesOf));
    } else if (line.trim() === "") end();
    else {
      if (/^\s*([-*]|\d+\.)\s/.test(line)) end();
      paragraph.push(line.replace(/^\s*([-*]|\d+\.)\s+/, ""));
    }
  }
  end();
  return { sentences, cells };
}

function sentencesOf(text) {
  const plain = text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/`[^`]*`/g, "code")
    .replace(/https?:\/\/\S+/g, "address")
    .replace(/\*\*/g, "")
    .trim();
  return plain.split(/(?<=[.!?])\s+(?=[A-Z0-9"'(*]|code)/).filter((sentence) => /\w/.test(sentence));
}

/** A list of nothing but names of code is no sentence, so it counts as one word. */
function wordsOf(sentence) {
  if (/^code(?:,\s+code)*[.,]?$/.test(sentence)) return 1;
  return sentence.split(/\s+/).filter((word) => /\w/.test(word)).length;
}

function percent(part) {
  return `${Math.round(part * 100)} %`;
}
