/** What the pages call a subscription, and what several of them ask about it. */
import { queryOptions } from "@tanstack/react-query";
import { api, ask, askTagged, type Schemas, unlessFirst } from "../../api/client.js";

export type Subscription = Schemas["Subscription"];
export type SubscriptionStatus = Subscription["status"];
export type Health = Schemas["SubscriptionHealth"];

const HEALTH_STALE_MS = 15_000;

/** Of one subscription. It is counted from records. The list has what its rows show. */
export const healthQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id, "health"],
    queryFn: ({ signal, ...look }) =>
      ask(api.GET("/v1/subscriptions/{id}/health", { params: { path: { id } }, signal, ...unlessFirst(look) })),
    staleTime: HEALTH_STALE_MS,
  });

/** The subscription with its tag, for pages that change it. */
export const taggedQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id, "tagged"],
    queryFn: ({ signal, ...look }) =>
      askTagged(api.GET("/v1/subscriptions/{id}", { params: { path: { id } }, signal, ...unlessFirst(look) })),
  });
