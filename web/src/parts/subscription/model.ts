/** What the pages call a subscription, and what several of them ask about it. */
import { queryOptions } from "@tanstack/react-query";
import { api, ask, askTagged, BACKGROUND, type Schemas } from "../../api/client.js";

export type Subscription = Schemas["Subscription"];
export type SubscriptionStatus = Subscription["status"];
export type Health = Schemas["SubscriptionHealth"];

const HEALTH_STALE_MS = 15_000;

/** Of one subscription. It is counted from records. The list has what its rows show. */
export const healthQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id, "health"],
    queryFn: ({ signal, client, queryKey }) => {
      // Only the first look is the person's own.
      const known = client.getQueryData(queryKey) !== undefined;
      return ask(
        api.GET("/v1/subscriptions/{id}/health", {
          params: { path: { id } },
          signal,
          ...(known && { headers: BACKGROUND }),
        }),
      );
    },
    staleTime: HEALTH_STALE_MS,
  });

/** The subscription with its tag, for pages that change it. */
export const taggedQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id, "tagged"],
    queryFn: ({ signal }) => askTagged(api.GET("/v1/subscriptions/{id}", { params: { path: { id } }, signal })),
  });
