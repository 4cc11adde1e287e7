/** What the pages of events ask for. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../../api/client.js";
import type { EventsSearch } from "./filters.js";

export type EventRecord = Schemas["Event"];
export type Routing = Schemas["EventRouting"];
export type RoutingRow = Routing["data"][number];

const PAGE_ROWS = 50;

export const eventsQuery = ({ type, api: apiId, since, until, cursor }: EventsSearch) => {
  const query = {
    limit: PAGE_ROWS,
    ...(type && { type }),
    ...(apiId && { apiId }),
    ...(since && { since }),
    ...(until && { until }),
    ...(cursor && { cursor }),
  };
  return queryOptions({
    queryKey: ["events", query],
    queryFn: ({ signal }) => ask(api.GET("/v1/events", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
};

export const eventQuery = (ref: string) =>
  queryOptions({
    queryKey: ["event", ref],
    queryFn: ({ signal }) => ask(api.GET("/v1/events/{ref}", { params: { path: { ref } }, signal })),
  });

/** Page after page, on demand: an event may concern thousands of subscriptions. */
export const routingQuery = (ref: string) =>
  infiniteQueryOptions({
    queryKey: ["routing", ref],
    queryFn: ({ signal, pageParam }) =>
      ask(
        api.GET("/v1/events/{ref}/routing", {
          params: { path: { ref }, query: { limit: PAGE_ROWS, ...(pageParam !== "" && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
  });
