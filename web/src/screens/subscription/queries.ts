/** What the page of a subscription asks for, beside the subscription itself. */
import { type QueryClient, queryOptions } from "@tanstack/react-query";
import { api, ask, unlessFirst } from "../../api/client.js";

const LAST_DELIVERIES = 10;

export const lastDeliveriesQuery = (subscriptionId: string) =>
  queryOptions({
    queryKey: ["subscription", subscriptionId, "deliveries"],
    queryFn: ({ signal, ...look }) => {
      const query = { subscriptionId, limit: LAST_DELIVERIES };
      return ask(api.GET("/v1/deliveries", { params: { query }, signal, ...unlessFirst(look) }));
    },
  });

export const certificatesQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id, "certificates"],
    queryFn: ({ signal, ...look }) =>
      ask(api.GET("/v1/subscriptions/{id}/certificates", { params: { path: { id } }, signal, ...unlessFirst(look) })),
  });

/** What was done with it, for those who may not read the audit itself. */
export const toldActsQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id, "acts"],
    queryFn: ({ signal, ...look }) =>
      ask(api.GET("/v1/subscriptions/{id}/acts", { params: { path: { id } }, signal, ...unlessFirst(look) })),
  });

const ENTRIES = 50;

export const entriesQuery = (subject: string, cursor: string | undefined) =>
  queryOptions({
    queryKey: ["subscription", subject, "entries", cursor],
    queryFn: ({ signal, ...look }) => {
      const query = { subject, limit: ENTRIES, ...(cursor && { cursor }) };
      return ask(api.GET("/v1/audit", { params: { query }, signal, ...unlessFirst(look) }));
    },
  });

/** After an act: everything that is known of the subscription, and every list that it stands in. */
export const forgetSubscription = (client: QueryClient, id: string): Promise<void[]> =>
  Promise.all([
    client.invalidateQueries({ queryKey: ["subscription", id] }),
    client.invalidateQueries({ queryKey: ["subscriptions"] }),
  ]);
