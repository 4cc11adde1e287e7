/** Which rows are selected: some of the page, or all that match the filters, on other pages too. */
import { useState } from "react";

export interface Selection {
  ids: ReadonlySet<string>;
  /** All that match, and not only those of the page. */
  everything: boolean;
  toggle: (id: string) => void;
  togglePage: () => void;
  selectEverything: () => void;
  clear: () => void;
}

export function useSelection(rows: readonly { id: string }[]): Selection {
  const [ids, setIds] = useState<ReadonlySet<string>>(new Set());
  const [everything, setEverything] = useState(false);
  const set = (next: Iterable<string>): void => {
    setIds(new Set(next));
    setEverything(false);
  };
  return {
    ids,
    everything,
    toggle: (id) => set(ids.has(id) ? [...ids].filter((each) => each !== id) : [...ids, id]),
    togglePage: () => set(ids.size === rows.length ? [] : rows.map(({ id }) => id)),
    selectEverything: () => setEverything(true),
    clear: () => set([]),
  };
}
