/** Which rows are selected: some of the page, or all that match the filters, on other pages too. */
import { useCallback, useState } from "react";

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
  // The same for the life of the list, so that rows are not drawn anew for it.
  const toggle = useCallback((id: string): void => {
    setIds((before) => new Set(before.has(id) ? [...before].filter((each) => each !== id) : [...before, id]));
    setEverything(false);
  }, []);
  return {
    ids,
    everything,
    toggle,
    togglePage: () => set(ids.size === rows.length ? [] : rows.map(({ id }) => id)),
    selectEverything: () => setEverything(true),
    clear: () => set([]),
  };
}
