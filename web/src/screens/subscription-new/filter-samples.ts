/** The payloads on which a filter is tried while it is typed, and where it is at fault. */

export interface Sample {
  type: string;
  /** From 1, of its type. */
  number: number;
  data: unknown;
}

interface WithExamples {
  name: string;
  examples?: unknown[];
}

/** Each is a request of its own. */
const MOST = 8;

/** Examples of the chosen types: of each type one, then of each the next, so that all are seen. */
export function samplesOf(types: readonly WithExamples[], chosen: readonly string[]): Sample[] {
  const wanted = types.filter(({ name }) => chosen.includes(name));
  const deepest = Math.max(0, ...wanted.map(({ examples = [] }) => examples.length));
  const all = Array.from({ length: deepest }, (_, index) =>
    wanted.flatMap(({ name, examples = [] }): Sample[] =>
      index < examples.length ? [{ type: name, number: index + 1, data: examples[index] }] : [],
    ),
  );
  return all.flat().slice(0, MOST);
}

export interface Place {
  before: string;
  at: string;
  after: string;
}

/** The place of a fault as the API says it, `line 1, column 6: …`; undefined where it says none. */
export function placeOf(filter: string, message: string): Place | undefined {
  const [, line, column] = /^line (\d+), column (\d+):/.exec(message) ?? [];
  if (line === undefined || column === undefined) return undefined;
  const lines = filter.split("\n");
  const index = lines.slice(0, Number(line) - 1).reduce((sum, each) => sum + each.length + 1, 0) + Number(column) - 1;
  if (index > filter.length) return undefined;
  return { before: filter.slice(0, index), at: filter.slice(index, index + 1) || " ", after: filter.slice(index + 1) };
}
