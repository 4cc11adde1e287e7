/**
 * Reports slow steps of a start, so that it does not look dead. A step that takes more than two seconds is reported,
 * and again every half minute.
 */

const SILENT_MS = 2_000;
const REPEAT_MS = 30_000;

export type Progress = (line: string) => void;

/** Runs the step. If it is slow, then `line` is reported, and later how long it has been going on. */
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
