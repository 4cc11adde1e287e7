/** What the pages call a subscription, and what several of them ask about it. */
import { queryOptions } from "@tanstack/react-query";
import { api, ask, askTagged, BACKGROUND, type Schemas } from "../../api/client.js";
import { limited } from "../../api/limited.js";

export type Subscription = Schemas["Subscription"];
export type SubscriptionStatus = Subscription["status"];
export type Health = Schemas["SubscriptionHealth"];

/** So many healths are asked for at once: each is counted from records. */
const inTurn = limited(3);
const HEALTH_STALE_MS = 15_000;

/** Of rows that are shown, and of one subscription. */
export const healthQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id, "health"],
    queryFn: ({ signal, client, queryKey }) => {
      // Only the first look is the person's own.
      const known = client.getQueryData(queryKey) !== undefined;
      return inTurn(
        () =>
          ask(
            api.GET("/v1/subscriptions/{id}/health", {
              params: { path: { id } },
              signal,
              ...(known && { headers: BACKGROUND }),
            }),
          ),
        signal,
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

/** How many deliveries wait for something, parked ones included. */
export const waitingOf = ({ waiting }: Health): number =>
  waiting.pending + waiting.retrying + waiting.throttled + waiting.held + waiting.parked;
