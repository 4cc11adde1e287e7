/**
 * The list as it is now. It is asked for when a subscription has changed, and every 15 seconds: its figures change
 * without any change of a subscription.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { followChanges } from "../../api/stream.js";
import { mergeRows } from "../../parts/rows/live-rows.js";
import { parseSearch, stringifySearch } from "../../search-parameters.js";
import { subscriptionsSearch, type SubscriptionsSearch } from "./filters.js";
import { lookAtSubscriptions, subscriptionsPageQuery } from "./queries.js";

const ASK_EVERY_MS = 15_000;

export interface LiveList {
  /** Rows that are newer than those shown. */
  fresh: number;
  /** Shown rows that are not in the list any more. */
  gone: number;
  /** After the list was read anew. */
  clear: () => void;
}

const NOTHING = { fresh: 0, gone: 0 };

export function useLiveSubscriptions(search: SubscriptionsSearch): LiveList {
  const client = useQueryClient();
  const [changed, setChanged] = useState(NOTHING);
  // Compared by its text: the router makes a new object for each render.
  const wanted = stringifySearch({ ...search });
  useEffect(() => {
    const ending = new AbortController();
    const look = async (): Promise<void> => {
      const shown = subscriptionsSearch(parseSearch(wanted));
      const { queryKey } = subscriptionsPageQuery(shown);
      const fetched = await lookAtSubscriptions(shown, ending.signal);
      const page = client.getQueryData(queryKey);
      if (!page) return;
      const { rows, fresh, gone } = mergeRows(page.data, fetched);
      client.setQueryData(queryKey, { ...page, data: rows });
      setChanged({ fresh: shown.cursor === undefined ? fresh : 0, gone });
    };
    // What fails here is shown by the list itself when a person asks next.
    const ask = (): void => void look().catch(() => undefined);
    const asking = setInterval(ask, ASK_EVERY_MS);
    const unfollow = followChanges({ about: ["subscription"], changed: look });
    return () => {
      ending.abort();
      clearInterval(asking);
      unfollow();
      setChanged(NOTHING);
    };
  }, [client, wanted]);
  return { ...changed, clear: () => setChanged(NOTHING) };
}
