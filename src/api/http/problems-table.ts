/** The page of problem codes, from the one table that the API answers from. */
import { PROBLEMS } from "./problem-codes.js";

/** Markdown, one row for each code: code, status, meaning, what to do. */
export function problemsTable(): string {
  const rows = Object.entries(PROBLEMS).map(
    ([code, { status, title, todo }]) => `| \`${code}\` | ${status} | ${title} | ${todo.replaceAll("|", "\\|")} |`,
  );
  return `| code | status | meaning | what to do |\n|---|---|---|---|\n${rows.join("\n")}\n`;
}
