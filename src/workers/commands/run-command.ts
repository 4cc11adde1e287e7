/** How every command of `npm run` begins and ends. */
import { realpathSync } from "node:fs";
import { fileURLToPath } from "node:url";

/**
 * Runs the command when its module is the program that was started, and not when a test imports it. What it throws is
 * the one line that its user reads, and the exit code is 1 then.
 *
 * @param module `import.meta.url` of the command
 */
export async function runCommand(module: string, command: (args: string[]) => Promise<void>): Promise<void> {
  const [, program, ...args] = process.argv;
  if (program === undefined || realpathSync(program) !== fileURLToPath(module)) return;
  try {
    await command(args);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}
