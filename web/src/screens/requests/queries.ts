/** What waits for a decision. */
import { type InfiniteData, infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, BACKGROUND, type Schemas, unlessFirst } from "../../api/client.js";
import type { RequestsSearch } from "./filters.js";

export type GrantRequest = Schemas["GrantRequest"];

const PAGE_ROWS = 50;

export const grantRequestsQuery = ({ status = "open", api: apiId, cursor }: RequestsSearch) => {
  const query = {
    ...(status !== "all" && { status }),
    ...(apiId && { apiId }),
    limit: PAGE_ROWS,
    ...(cursor && { cursor }),
  };
  return queryOptions({
    queryKey: ["grant-requests", "page", query],
    queryFn: ({ signal, ...look }) =>
      ask(api.GET("/v1/grant-requests", { params: { query }, signal, ...unlessFirst(look) })),
    placeholderData: keepPreviousData,
  });
};

/** Page after page, on demand. */
export const waitingSubscriptionsQuery = (apiId: string | undefined) => {
  const query = { requested: "true" as const, limit: PAGE_ROWS, ...(apiId && { apiId }) };
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
