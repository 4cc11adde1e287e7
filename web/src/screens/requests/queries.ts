/** What waits for a decision. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, type Schemas } from "../../api/client.js";
import type { RequestsSearch } from "./filters.js";

export type GrantRequest = Schemas["GrantRequest"];

const PAGE_ROWS = 50;

export const grantRequestsQuery = ({ status = "open", cursor }: RequestsSearch) => {
  const query = { ...(status !== "all" && { status }), limit: PAGE_ROWS, ...(cursor && { cursor }) };
  return queryOptions({
    queryKey: ["grant-requests", "page", query],
    queryFn: ({ signal }) => ask(api.GET("/v1/grant-requests", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
};

/** Page after page, on demand. */
export const waitingSubscriptionsQuery = infiniteQueryOptions({
  queryKey: ["subscriptions", "waiting"],
  queryFn: ({ signal, pageParam }) =>
    ask(
      api.GET("/v1/subscriptions", {
        params: { query: { requested: "true", limit: PAGE_ROWS, ...(pageParam !== "" && { cursor: pageParam }) } },
        signal,
      }),
    ),
  initialPageParam: "",
  getNextPageParam: ({ next }) => next,
});
