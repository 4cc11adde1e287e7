/** What waits for a decision. */
import { type InfiniteData, infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, BACKGROUND, type Schemas, unlessFirst } from "../../api/client.js";
import type { ExportFormat } from "../../parts/rows/export-menu.js";
import type { RequestsSearch } from "./filters.js";

export type GrantRequest = Schemas["GrantRequest"];

const PAGE_ROWS = 50;

const grantRequestFilterOf = ({ status = "open", api: apiId }: RequestsSearch) => ({
  ...(status !== "all" && { status }),
  ...(apiId && { apiId }),
});

export const grantRequestsQuery = (search: RequestsSearch) => {
  const { cursor } = search;
  const query = { ...grantRequestFilterOf(search), limit: PAGE_ROWS, ...(cursor && { cursor }) };
  return queryOptions({
    queryKey: ["grant-requests", "page", query],
    queryFn: ({ signal, ...look }) =>
      ask(api.GET("/v1/grant-requests", { params: { query }, signal, ...unlessFirst(look) })),
    placeholderData: keepPreviousData,
  });
};

export const grantRequestCountQuery = (search: RequestsSearch) => {
  const query = grantRequestFilterOf(search);
  return queryOptions({
    queryKey: ["grant-requests", "page", "count", query],
    queryFn: ({ signal, ...look }) =>
      ask(api.GET("/v1/grant-requests/count", { params: { query }, signal, ...unlessFirst(look) })),
    placeholderData: keepPreviousData,
  });
};

/** Where the file of these requests is. */
export const grantRequestExportAddress = (search: RequestsSearch, format: ExportFormat): string =>
  `/v1/grant-requests/export?${new URLSearchParams({ format, ...grantRequestFilterOf(search) }).toString()}`;

const waitingFilterOf = (apiId: string | undefined) => ({ requested: "true" as const, ...(apiId && { apiId }) });

export const waitingCountQuery = (apiId: string | undefined) => {
  const query = waitingFilterOf(apiId);
  return queryOptions({
    queryKey: ["subscriptions", "waiting", "count", query],
    queryFn: ({ signal, ...look }) =>
      ask(api.GET("/v1/subscriptions/count", { params: { query }, signal, ...unlessFirst(look) })),
    placeholderData: keepPreviousData,
  });
};

/** Where the file of the subscriptions that wait is. */
export const waitingExportAddress = (apiId: string | undefined, format: ExportFormat): string =>
  `/v1/subscriptions/export?${new URLSearchParams({ format, ...waitingFilterOf(apiId) }).toString()}`;

/** Page after page, on demand. */
export const waitingSubscriptionsQuery = (apiId: string | undefined) => {
  const query = { ...waitingFilterOf(apiId), limit: PAGE_ROWS };
  return infiniteQueryOptions({
    queryKey: ["subscriptions", "waiting", query],
    queryFn: ({ signal, pageParam: cursor, ...look }) => {
      const page = { ...query, ...(cursor !== "" && { cursor }) };
      const known = look.client.getQueryData<InfiniteData<unknown, string>>(look.queryKey);
      // A further page is asked for by the person.
      const isKnown = known?.pageParams.includes(cursor);
      return ask(
        api.GET("/v1/subscriptions", { params: { query: page }, signal, ...(isKnown && { headers: BACKGROUND }) }),
      );
    },
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
  });
};
