// Mutation testing: changes one place of a source file at a time and runs the unit tests. A change that no test notices
// is a survivor. It must stand in mutation-survivors.json with its reason. Otherwise this command fails. npm run
// mutation every file of the table npm run mutation -- src/workflows/schedule.ts these files only
import { readFileSync } from "node:fs";
import { setPriority } from "node:os";
import { Stryker } from "@stryker-mutator/core";

/** What decides about a delivery, a right or a secret, the small files first. */
const FILES = [
  "src/workflows/may-have-run.ts",
  "src/workflows/clocks.ts",
  "src/workflows/retry/due.ts",
  "src/workflows/retry/items.ts",
  "src/workflows/retry/lanes.ts",
  "src/workflows/retry/run-state.ts",
  "src/workflows/event-id.ts",
  "src/workflows/proof-of.ts",
  "src/workflows/schedule.ts",
  "src/workflows/gcra.ts",
  "src/workflows/breaker/breaker-rules.ts",
  "src/workflows/breaker/breaker-state.ts",
  "src/endpoint/health-rules.ts",
  "src/endpoint/retry-after.ts",
  "src/endpoint/answer/content-coding.ts",
  "src/endpoint/answer/asked-wait.ts",
  "src/endpoint/classify.ts",
  "src/store/sealing/sealing.ts",
  "src/endpoint/target/deny-list.ts",
  "src/endpoint/target/own-service.ts",
  "src/endpoint/target/host-look-alikes.ts",
  "src/endpoint/target/target-url.ts",
  "src/endpoint/target/guard.ts",
  "src/api/access/access.ts",
  "src/endpoint/outcomes.ts",
];
const LIST = new URL("mutation-survivors.json", import.meta.url);
const SURVIVED = ["Survived", "NoCoverage"];
const KILLED = ["Killed", "Timeout"];
/**
 * A mutant that throws while its file is loaded leaves no test file that can run. Stryker calls it a survivor, but
 * every test notices it.
 */
const breaksLoading = ({ status, testsCompleted }) => status === "Survived" && testsCompleted === 0;

/** A mutant by what it changes and not by its line, so that an edit elsewhere in the file moves nothing. */
const keyOf = ({ file, code, mutant }) => `${file}\n${code}\n${mutant}`;

/** The first line of what a mutant replaces. Lines and columns count from 1. The rest would change with every edit. */
function firstLineOf(lines, { start, end }) {
  return lines[start.line - 1].slice(start.column - 1, start.line === end.line ? end.column - 1 : undefined);
}

async function survivorsOf(file) {
  const lines = readFileSync(file, "utf8").split("\n");
  const results = await new Stryker({ mutate: [file] }).runMutationTest();
  const counted = results.filter(({ status }) => [...SURVIVED, ...KILLED].includes(status));
  if (counted.length === 0) throw new Error(`${file}: no mutant was tested.`);
  const survivors = results
    .filter((result) => SURVIVED.includes(result.status) && !breaksLoading(result))
    .map(({ location, replacement }) => ({
      file,
      line: location.start.line,
      code: firstLineOf(lines, location),
      mutant: (replacement ?? "").split("\n")[0],
    }));
  return { survivors, tested: counted.length };
}

/** Takes each listed survivor once: the same change may survive at several places. */
function compare(survivors, listed) {
  const open = new Map();
  for (const entry of listed) open.set(keyOf(entry), (open.get(keyOf(entry)) ?? 0) + (entry.times ?? 1));
  const fresh = survivors.filter((survivor) => {
    const left = open.get(keyOf(survivor)) ?? 0;
    open.set(keyOf(survivor), left - 1);
    return left <= 0;
  });
  return { fresh, gone: listed.filter((entry) => open.get(keyOf(entry)) > 0) };
}

const asked = process.argv.slice(2);
const unknown = asked.filter((file) => !FILES.includes(file));
if (unknown.length > 0) {
  console.error(`Not in the table of scripts/mutation.mjs: ${unknown.join(", ")}. Give files of the table, or none.`);
  process.exit(2);
}
setPriority(15);
const known = JSON.parse(readFileSync(LIST, "utf8"));
const scores = [];
let failed = false;
for (const file of asked.length > 0 ? asked : FILES) {
  const began = Date.now();
  const { survivors, tested } = await survivorsOf(file);
  const listed = known.filter((entry) => entry.file === file);
  const { fresh, gone } = compare(survivors, listed);
  for (const { line, code, mutant } of fresh)
    console.error(`${file}:${line}: no test notices when\n    ${code}\n  becomes\n    ${mutant}`);
  for (const { code, mutant } of gone)
    console.error(`${file}: listed as a survivor, but it is killed or gone:\n    ${code}\n  becomes\n    ${mutant}`);
  failed ||= fresh.length > 0 || gone.length > 0;
  const killed = tested - survivors.length;
  const seconds = Math.round((Date.now() - began) / 1_000);
  scores.push(
    `${file}: ${killed} of ${tested} killed, ${survivors.length} survived, ${fresh.length} new; ${seconds} s`,
  );
}
console.log(scores.join("\n"));
if (failed) {
  console.error(
    "Write a test that notices the change, or list it in scripts/mutation-survivors.json with the reason why none can.",
  );
}
process.exitCode = failed ? 1 : 0;
