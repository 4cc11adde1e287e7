/** What the list asks the API. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, BACKGROUND } from "../../api/client.js";
import type { ExportFormat } from "../../parts/rows/export-menu.js";
import { subscriptionFilterOf, type SubscriptionsSearch } from "./filters.js";

/** What waits is counted for each row, so a page has few. */
const PAGE_ROWS = 25;
const COUNT_AGAIN_MS = 15_000;

const pageQueryOf = (search: SubscriptionsSearch) => ({
  ...subscriptionFilterOf(search, Date.now()),
  limit: PAGE_ROWS,
  stats: "24h" as const,
  ...(search.cursor && { cursor: search.cursor }),
});

/** The same page once more, which is no use of the session. */
export const lookAtSubscriptions = (search: SubscriptionsSearch, signal: AbortSignal) =>
  ask(api.GET("/v1/subscriptions", { params: { query: pageQueryOf(search) }, headers: BACKGROUND, signal }));

export const subscriptionsPageQuery = (search: SubscriptionsSearch) => {
  const query = pageQueryOf(search);
  return queryOptions({
    queryKey: ["subscriptions", "page", query],
    queryFn: ({ signal }) => ask(api.GET("/v1/subscriptions", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
};

export const subscriptionCountQuery = (search: SubscriptionsSearch) => {
  const query = subscriptionFilterOf(search, Date.now());
  return queryOptions({
    queryKey: ["subscriptions", "count", query],
    queryFn: ({ signal, client, queryKey }) => {
      // Only the first look is the person's own.
      const isKnown = client.getQueryData(queryKey) !== undefined;
      return ask(
        api.GET("/v1/subscriptions/count", { params: { query }, signal, ...(isKnown && { headers: BACKGROUND }) }),
      );
    },
    refetchInterval: COUNT_AGAIN_MS,
    placeholderData: keepPreviousData,
  });
};

/** Where the file of what is filtered is: the API writes it, and the browser saves it. */
export function subscriptionExportAddress(search: SubscriptionsSearch, format: ExportFormat): string {
  const query = new URLSearchParams({ ...subscriptionFilterOf(search, Date.now()), format });
  return `/v1/subscriptions/export?${query.toString()}`;
}
