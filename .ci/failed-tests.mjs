// Prints one line for each failed test of a JSON report of Vitest, with the first lines of its reason.
import { readFileSync } from "node:fs";
import path from "node:path";

/** Lines of a reason: enough for an assertion and the two values that it compared. */
const LINES = 6;

const { testResults } = JSON.parse(readFileSync(process.argv[2], "utf8"));
for (const { name, status, message, assertionResults } of testResults) {
  const failed = assertionResults.filter((test) => test.status === "failed");
  const file = path.relative(process.cwd(), name);
  for (const { fullName, failureMessages } of failed) tell(`${file} > ${fullName}`, failureMessages.join("\n"));
  // A file that could not be loaded, or a hook that failed, has no test to blame.
  if (failed.length === 0 && status === "failed") tell(file, message ?? "");
}

function tell(what, reason) {
  console.log(`test: ${what}`);
  for (const line of reason.split("\n").slice(0, LINES)) if (line.trim()) console.log(`      ${line.slice(0, 200)}`);
}
