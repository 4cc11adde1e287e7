// Checks the prose of Markdown pages: `node scripts/prose.mjs README.md …`. test/docs/prose.test.ts says which pages
// are held to it.
// A reader of English as a second language gets lost in long sentences, and in sentences that are chained by colons and
// semicolons.
import { readFileSync } from "node:fs";

/** Most words of a sentence. */
const MOST_WORDS = 30;
/** Largest part of a page's sentences that may hold a colon or a semicolon. */
const MOST_CHAINED = 0.25;
/** Most lines of a page, where there is a limit; by its path as it is given. */
const MOST_LINES = { "README.md": 120 };

let failed = false;
for (const file of process.argv.slice(2)) {
  const { faults, summary } = check(file, readFileSync(file, "utf8"));
  console.log(`${file}: ${summary}`);
  for (const fault of faults) console.log(`  ${fault}`);
  failed ||= faults.length > 0;
}
process.exit(failed ? 1 : 0);

function check(file, text) {
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

function wordsOf(sentence) {
  return sentence.split(/\s+/).filter((word) => /\w/.test(word)).length;
}

function percent(part) {
  return `${Math.round(part * 100)} %`;
}
