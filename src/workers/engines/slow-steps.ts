/**
 * Nobody looks at a silent start for long: a step that takes more than two seconds says so, and again every half
 * minute.
 */

const SILENT_MS = 2_000;
const REPEAT_MS = 30_000;

export type Progress = (line: string) => void;

/** Runs the step; `line` is told when it is slow, then how long it has been going on. */
export async function tellIfSlow<T>(progress: Progress, line: string, step: () => Promise<T>): Promise<T> {
  const started = Date.now();
  let repeat: NodeJS.Timeout | undefined;
  const first = setTimeout(() => {
    progress(line);
    repeat = setInterval(() => progress(`${line} (${Math.round((Date.now() - started) / 1000)} s so far)`), REPEAT_MS);
  }, SILENT_MS);
  try {
    return await step();
  } finally {
    clearTimeout(first);
    clearInterval(repeat);
  }
}
