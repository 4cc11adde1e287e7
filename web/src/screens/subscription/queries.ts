/** What the page of a subscription asks for, beside the subscription itself. */
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, ask } from "../../api/client.js";

const LAST_DELIVERIES = 10;

export const lastDeliveriesQuery = (subscriptionId: string) =>
  queryOptions({
    queryKey: ["subscription", subscriptionId, "deliveries"],
    queryFn: ({ signal }) =>
      ask(api.GET("/v1/deliveries", { params: { query: { subscriptionId, limit: LAST_DELIVERIES } }, signal })),
  });

export const certificatesQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id, "certificates"],
    queryFn: ({ signal }) => ask(api.GET("/v1/subscriptions/{id}/certificates", { params: { path: { id } }, signal })),
  });

/** What was done with it, for those who may not read the audit itself. */
export const toldActsQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id, "acts"],
    queryFn: ({ signal }) => ask(api.GET("/v1/subscriptions/{id}/acts", { params: { path: { id } }, signal })),
  });

const ENTRIES = 50;

export const entriesQuery = (subject: string, cursor: string | undefined) =>
  queryOptions({
    queryKey: ["subscription", subject, "entries", cursor],
    queryFn: ({ signal }) =>
      ask(api.GET("/v1/audit", { params: { query: { subject, limit: ENTRIES, ...(cursor && { cursor }) } }, signal })),
  });

/** After an act: everything that is known of the subscription, and every list that it stands in. */
export const forgetSubscription = (client: QueryClient, id: string): Promise<void[]> =>
  Promise.all([
    client.invalidateQueries({ queryKey: ["subscription", id] }),
    client.invalidateQueries({ queryKey: ["subscriptions"] }),
  ]);
