/** What several screens ask for, and the client that keeps the answers. */
import { MutationCache, QueryCache, QueryClient, queryOptions, useQuery } from "@tanstack/react-query";
import { api, ask, type Schemas } from "./client.js";
import { isSessionEnded } from "./problem.js";
import { noteSessionEnded } from "./session-end.js";

const onError = (error: unknown): void => {
  if (isSessionEnded(error)) noteSessionEnded();
};

export const queryClient = new QueryClient({
  queryCache: new QueryCache({ onError }),
  mutationCache: new MutationCache({ onError }),
  // A problem is shown at once with a way to try again: to try in silence would only make people wait.
  defaultOptions: { queries: { retry: false, staleTime: 5_000, refetchOnWindowFocus: false } },
});

export type Me = Schemas["Me"];
export type Role = Me["role"];

export const meQuery = queryOptions({
  queryKey: ["me"],
  queryFn: ({ signal }) => ask(api.GET("/v1/me", { signal })),
  staleTime: 60_000,
});

/** Names change seldom, and a page has many of them. */
const NAMES_STALE_MS = 60_000;

export const groupsQuery = queryOptions({
  queryKey: ["groups"],
  queryFn: ({ signal }) => ask(api.GET("/v1/groups", { params: { query: { limit: 250 } }, signal })),
  staleTime: NAMES_STALE_MS,
});

export const apisQuery = queryOptions({
  queryKey: ["apis"],
  queryFn: ({ signal }) => ask(api.GET("/v1/apis", { params: { query: { limit: 250 } }, signal })),
  staleTime: NAMES_STALE_MS,
});

export const eventTypesQuery = queryOptions({
  queryKey: ["event-types"],
  queryFn: ({ signal }) => ask(api.GET("/v1/event-types", { params: { query: { limit: 250 } }, signal })),
  staleTime: NAMES_STALE_MS,
});

export const subscriptionsQuery = queryOptions({
  queryKey: ["subscriptions"],
  queryFn: ({ signal }) => ask(api.GET("/v1/subscriptions", { params: { query: { limit: 250 } }, signal })),
  staleTime: NAMES_STALE_MS,
});

export const subscriptionQuery = (id: string) =>
  queryOptions({
    queryKey: ["subscription", id],
    queryFn: ({ signal }) => ask(api.GET("/v1/subscriptions/{id}", { params: { path: { id } }, signal })),
    staleTime: NAMES_STALE_MS,
  });

/** Who is logged in. The frame shows its children only once that is known. */
export function useMe(): Me {
  const { data } = useQuery(meQuery);
  if (!data) throw new Error("A screen was shown before it was known who is logged in.");
  return data;
}
