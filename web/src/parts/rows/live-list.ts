/**
 * A list that is looked at: it is asked for when the stream tells of a change, and every 15 seconds. Shown rows change
 * in place. New ones are counted until the person wants to see them.
 */
import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { followChanges, type Following } from "../../api/stream.js";
import { type FetchedRows, mergeRows } from "./live-rows.js";

const ASK_EVERY_MS = 15_000;

/** A kind of list. `wanted` is its search as text. */
export interface LiveKind<R> {
  follows: (wanted: string) => Omit<Following, "changed">;
  /** The page that is shown, and how it is read once more, which is no use of the session. */
  page: (wanted: string) => {
    queryKey: QueryKey;
    isNewest: boolean;
    look: (signal: AbortSignal) => Promise<FetchedRows<R>>;
  };
  /** What the list is ordered by. */
  timeOf: (row: R) => string;
}

export interface LiveList {
  /** Rows that are newer than those shown. */
  fresh: number;
  /** Shown rows that are not in the list any more. */
  gone: number;
  /** After the list was read anew. */
  clear: () => void;
}

const NOTHING = { fresh: 0, gone: 0 };

/** @param kind the same object at each render */
export function useLiveList<R extends { id: string }>(kind: LiveKind<R>, wanted: string): LiveList {
  const client = useQueryClient();
  const [changed, setChanged] = useState(NOTHING);
  useEffect(() => {
    const ending = new AbortController();
    const look = async (): Promise<void> => {
      const { queryKey, isNewest, look: read } = kind.page(wanted);
      const fetched = await read(ending.signal);
      const page = client.getQueryData<FetchedRows<R>>(queryKey);
      if (!page) return;
      const { rows, fresh, gone } = mergeRows(page.data, fetched, kind.timeOf);
      client.setQueryData<FetchedRows<R>>(queryKey, { ...page, data: rows });
      setChanged({ fresh: isNewest ? fresh : 0, gone });
    };
    // What fails here is shown by the list itself when a person asks next.
    const ask = (): void => void look().catch(() => undefined);
    const asking = setInterval(ask, ASK_EVERY_MS);
    const unfollow = followChanges({ ...kind.follows(wanted), changed: look });
    return () => {
      ending.abort();
      clearInterval(asking);
      unfollow();
      setChanged(NOTHING);
    };
  }, [client, kind, wanted]);
  return { ...changed, clear: () => setChanged(NOTHING) };
}
