/** What the page of a delivery asks for. */
import { queryOptions } from "@tanstack/react-query";
import { api, ask, BACKGROUND, type Schemas } from "../../api/client.js";
import { preparePayload } from "../../parts/json-text.js";

export type Delivery = Schemas["Delivery"];
export type Attempt = Schemas["Attempt"];
export type Status = Delivery["status"];

/** Nothing more happens to such a delivery by itself. */
export const isAtRest = (status: Status): boolean =>
  status === "delivered" || status === "parked" || status === "exhausted" || status === "cancelled";

/** What is under way is asked for again. A delivery at rest is not. */
const AGAIN_MS = 2_000;
/** After an act its effect is a moment away. */
const SOON_MS = 500;

/** @param changedSince the `updatedAt` of before an act whose effect is awaited */
export const deliveryQuery = (id: string, changedSince?: string) =>
  queryOptions({
    queryKey: ["delivery", id],
    async queryFn({ signal, client, queryKey }) {
      // Only the first look is the person's own.
      const known = client.getQueryData(queryKey) !== undefined;
      const delivery = await ask(
        api.GET("/v1/deliveries/{id}", { params: { path: { id } }, signal, ...(known && { headers: BACKGROUND }) }),
      );
      await preparePayload(delivery.payload);
      return delivery;
    },
    refetchInterval: ({ state: { data } }) => {
      if (!data) return false;
      if (data.updatedAt === changedSince) return SOON_MS;
      return isAtRest(data.status) ? false : AGAIN_MS;
    },
  });

/** The same event at other endpoints, as far as this person sees them. */
export const siblingsQuery = (eventId: string) =>
  queryOptions({
    queryKey: ["siblings", eventId],
    queryFn: ({ signal }) => ask(api.GET("/v1/deliveries", { params: { query: { eventId, limit: 50 } }, signal })),
  });

/** Who did what with the delivery. */
export const actsQuery = (id: string) =>
  queryOptions({
    // Below the delivery itself, so that an act asks for it anew.
    queryKey: [...deliveryQuery(id).queryKey, "acts"],
    queryFn: ({ signal }) => ask(api.GET("/v1/deliveries/{id}/acts", { params: { path: { id } }, signal })),
  });

/** What an attempt signed. Reading it is on record, so it is asked for once. */
export const signatureQuery = (id: string, attempt: number) =>
  queryOptions({
    queryKey: ["signature", id, attempt],
    queryFn: ({ signal }) =>
      ask(api.GET("/v1/deliveries/{id}/signature", { params: { path: { id }, query: { attempt } }, signal })),
    staleTime: Infinity,
  });
