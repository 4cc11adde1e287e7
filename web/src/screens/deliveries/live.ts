/**
 * Live changes of the list: by the stream of the API, or by asking every 15 seconds where there is none. Shown rows
 * change in place. New rows are counted until the person wants to see them.
 */
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { mergeRows } from "../../parts/rows/live-rows.js";
import { parseSearch, stringifySearch } from "../../search-parameters.js";
import { deliveriesSearch, type DeliveriesSearch, type DeliveryStatus, STATUSES } from "./filters/filters.js";
import { type Change, readChange } from "./change.js";
import { deliveriesQuery, type DeliveriesPage, lookAgain, streamAddress } from "./queries.js";

export type LiveMode = "off" | "stream" | "asking";

const ASK_EVERY_MS = 15_000;
/** A burst of changes asks for one page, not for one each. */
const GATHERED_MS = 2_000;

const isStatus = (text: string): text is DeliveryStatus => STATUSES.some((each) => each === text);

function withChange(page: DeliveriesPage, { id, status, ...rest }: Change): DeliveriesPage {
  if (!isStatus(status)) return page;
  return { ...page, data: page.data.map((row) => (row.id === id ? { ...row, ...rest, status } : row)) };
}

/** Opens the stream. `lost` is called once when it cannot be had: the browser itself mends a connection that broke. */
function openStream(address: string, on: { change: (change: Change) => void; again: () => void; lost: () => void }) {
  const source = new EventSource(address);
  source.addEventListener("delivery", ({ data }: MessageEvent<string>) => {
    const change = readChange(data);
    if (change) on.change(change);
  });
  source.addEventListener("reset", on.again);
  // The stream was cut and is back. What was deleted meanwhile is not told.
  let isGreeted = false;
  source.addEventListener("hello", () => {
    if (isGreeted) on.again();
    isGreeted = true;
  });
  source.addEventListener("error", () => {
    if (source.readyState === EventSource.CLOSED) on.lost();
  });
  return source;
}

interface Live {
  mode: LiveMode;
  /** Rows that are newer than those shown. */
  fresh: number;
  /** After they were shown. */
  clear: () => void;
}

export function useLive(search: DeliveriesSearch, on: boolean): Live {
  const client = useQueryClient();
  const [fresh, setFresh] = useState(0);
  const [mode, setMode] = useState<Exclude<LiveMode, "off">>("stream");
  // Compared by its text: the router makes a new object for each render.
  const wanted = stringifySearch({ ...search });
  useEffect(() => {
    if (!on) return;
    const shown = deliveriesSearch(parseSearch(wanted));
    const { queryKey } = deliveriesQuery(shown);
    const ending = new AbortController();
    let gathering: ReturnType<typeof setTimeout> | undefined;
    let asking: ReturnType<typeof setInterval> | undefined;
    const look = async (): Promise<void> => {
      gathering = undefined;
      const fetched = await lookAgain(shown, ending.signal);
      const page = client.getQueryData<DeliveriesPage>(queryKey);
      if (!page) return;
      const merged = mergeRows(page.data, fetched, ({ createdAt }) => createdAt);
      client.setQueryData<DeliveriesPage>(queryKey, { ...page, data: merged.rows });
      setFresh(shown.cursor === undefined ? merged.fresh : 0);
    };
    // What fails here is shown by the list itself when a person asks next.
    const lookQuietly = (): void => void look().catch(() => undefined);
    const soon = (): void => void (gathering ??= setTimeout(lookQuietly, GATHERED_MS));
    const source = openStream(streamAddress(shown), {
      change(change) {
        client.setQueryData<DeliveriesPage>(queryKey, (page) => page && withChange(page, change));
        soon();
      },
      again: soon,
      lost() {
        setMode("asking");
        asking = setInterval(lookQuietly, ASK_EVERY_MS);
      },
    });
    source.addEventListener("open", () => setMode("stream"));
    return () => {
      ending.abort();
      source.close();
      clearTimeout(gathering);
      clearInterval(asking);
      setFresh(0);
    };
  }, [client, on, wanted]);
  return { mode: on ? mode : "off", fresh, clear: () => setFresh(0) };
}
