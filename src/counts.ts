/** Numbers by name. A name whose number is 0 again is forgotten, so the table is as small as what is under way. */
export interface Counts {
  /** 0 for a name that was never counted. */
  of(name: string): number;
  change(name: string, by: 1 | -1): void;
  /** Names whose number is not 0. */
  readonly size: number;
}

export function createCounts(): Counts {
  const counts = new Map<string, number>();
  return {
    get size() {
      return counts.size;
    },
    of: (name) => counts.get(name) ?? 0,
    change(name, by) {
      const count = (counts.get(name) ?? 0) + by;
      if (count === 0) counts.delete(name);
      else counts.set(name, count);
    },
  };
}
