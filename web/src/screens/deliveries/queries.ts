/** What the list asks the API. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, BACKGROUND, type Schemas } from "../../api/client.js";
import type { ExportFormat } from "../../parts/rows/export-menu.js";
import { type DeliveriesSearch, filterOf } from "./filters/filters.js";

export type DeliverySummary = Schemas["DeliverySummary"];
export interface DeliveriesPage {
  data: DeliverySummary[];
  next: string | null;
}

export const PAGE_ROWS = 50;

const pageQueryOf = (search: DeliveriesSearch) => ({
  ...filterOf(search),
  limit: PAGE_ROWS,
  ...(search.cursor && { cursor: search.cursor }),
});

export const deliveriesQuery = (search: DeliveriesSearch) =>
  queryOptions({
    queryKey: ["deliveries", pageQueryOf(search)],
    queryFn: ({ signal }): Promise<DeliveriesPage> =>
      ask(api.GET("/v1/deliveries", { params: { query: pageQueryOf(search) }, signal })),
    placeholderData: keepPreviousData,
    // The page itself looks for changes, and shows new rows when asked.
    staleTime: Infinity,
    refetchOnMount: "always",
  });

/** The same page once more, which is no use of the session. */
export const lookAgain = (search: DeliveriesSearch, signal: AbortSignal): Promise<DeliveriesPage> =>
  ask(api.GET("/v1/deliveries", { params: { query: pageQueryOf(search) }, headers: BACKGROUND, signal }));

export const countQuery = (search: DeliveriesSearch) =>
  queryOptions({
    queryKey: ["deliveries-count", filterOf(search)],
    queryFn: ({ signal }) => ask(api.GET("/v1/deliveries/count", { params: { query: filterOf(search) }, signal })),
    staleTime: 30_000,
  });

/** Where the browser downloads what the filters match. */
export const exportAddress = (search: DeliveriesSearch, format: ExportFormat): string =>
  `/v1/deliveries/export?${new URLSearchParams({ format, ...filterOf(search) }).toString()}`;

/**
 * The live changes. They are not narrowed by status: a row that leaves the status of the filter is to be seen changing.
 */
export function streamAddress(search: DeliveriesSearch): string {
  const { groupId, subscriptionId, eventType } = filterOf(search);
  const query = new URLSearchParams({
    events: "delivery",
    ...(groupId && { groupId }),
    ...(subscriptionId && { subscriptionId }),
    ...(eventType && { eventType }),
  });
  return `/v1/stream?${query.toString()}`;
}
