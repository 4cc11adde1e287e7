/** How a measurement runs as a command: what it prints, and how it ends. */

/** The result goes to standard output. */
export const print = (text: string): void => void process.stdout.write(`${text}\n`);
/** How far it is goes to standard error. */
export const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Runs it, and ends the process with the code that it gives, or with 1 and what went wrong. */
export function runCommand(main: () => Promise<number | void>): void {
  main().then(
    (code) => process.exit(code ?? 0),
    (error: unknown) => {
      say(error instanceof Error ? error.message : String(error));
      process.exit(1);
    },
  );
  // Not `once`: a signal to the whole process group comes twice (once passed on by npm), and the second would cut the
  // cleaning up short.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
}
