/** Where a filter is at fault. */

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
