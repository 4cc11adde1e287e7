/** What the pages of events ask for. */
import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, BACKGROUND, type Schemas } from "../../api/client.js";
import { preparePayload } from "../../parts/json-text.js";
import type { ExportFormat } from "../../parts/rows/export-menu.js";
import type { EventsSearch } from "./filters.js";

export type EventRecord = Schemas["Event"];
export type EventWithPayload = Schemas["EventWithDeliveries"];
export type Routing = Schemas["EventRouting"];
export type RoutingRow = Routing["data"][number];

const PAGE_ROWS = 50;

const listFilterOf = ({ type, api: apiId, since, until }: EventsSearch) => ({
  ...(type && { type }),
  ...(apiId && { apiId }),
  ...(since && { since }),
  ...(until && { until }),
});

const pageQueryOf = (search: EventsSearch) => ({
  limit: PAGE_ROWS,
  ...listFilterOf(search),
  ...(search.cursor && { cursor: search.cursor }),
});

/** The same page once more, which is no use of the session. */
export const lookAtEvents = (search: EventsSearch, signal: AbortSignal) =>
  ask(api.GET("/v1/events", { params: { query: pageQueryOf(search) }, headers: BACKGROUND, signal }));

export const eventsQuery = (search: EventsSearch) => {
  const query = pageQueryOf(search);
  return queryOptions({
    queryKey: ["events", query],
    queryFn: ({ signal }) => ask(api.GET("/v1/events", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
};

export const eventCountQuery = (search: EventsSearch) => {
  const query = listFilterOf(search);
  return queryOptions({
    queryKey: ["events-count", query],
    queryFn: ({ signal }) => ask(api.GET("/v1/events/count", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
};

/** Where the file of what is filtered is. */
export const eventExportAddress = (search: EventsSearch, format: ExportFormat): string =>
  `/v1/events/export?${new URLSearchParams({ format, ...listFilterOf(search) }).toString()}`;

export const eventQuery = (ref: string) =>
  queryOptions({
    queryKey: ["event", ref],
    async queryFn({ signal }) {
      const event = await ask(api.GET("/v1/events/{ref}", { params: { path: { ref } }, signal }));
      await preparePayload(event.payload);
      return event;
    },
  });

/** Page after page, on demand: an event may concern thousands of subscriptions. */
export const routingQuery = (ref: string) =>
  infiniteQueryOptions({
    queryKey: ["routing", ref],
    queryFn: ({ signal, pageParam }) =>
      ask(
        api.GET("/v1/events/{ref}/routing", {
          params: { path: { ref }, query: { limit: PAGE_ROWS, ...(pageParam !== "" && { cursor: pageParam }) } },
          signal,
        }),
      ),
    initialPageParam: "",
    getNextPageParam: ({ next }) => next,
  });

/** What the settings of today say of the first pages, filters included. The API keeps on record that it was read. */
export const routingTodayQuery = (ref: string, pages: number) =>
  queryOptions({
    queryKey: ["routing", ref, "today", pages],
    async queryFn({ signal }) {
      const rows: RoutingRow[] = [];
      let cursor: string | null = "";
      for (let page = 0; page < pages && cursor !== null; page++) {
        const query = { limit: PAGE_ROWS, now: "true" as const, ...(cursor !== "" && { cursor }) };
        const answer: Routing = await ask(
          api.GET("/v1/events/{ref}/routing", { params: { path: { ref }, query }, signal }),
        );
        rows.push(...answer.data);
        cursor = answer.next;
      }
      return rows;
    },
    staleTime: Infinity,
  });

const TAKERS = 10;

/** Endpoints in service that take the type, of one group or of all: the newest ones, and how many there are. */
export const takersQuery = (eventType: string, groupId: string) =>
  queryOptions({
    queryKey: ["subscriptions", "takers", eventType, groupId],
    async queryFn({ signal }) {
      const query = { eventType, status: "active" as const, ...(groupId && { groupId }) };
      const [page, { count }] = await Promise.all([
        ask(api.GET("/v1/subscriptions", { params: { query: { ...query, limit: TAKERS } }, signal })),
        ask(api.GET("/v1/subscriptions/count", { params: { query }, signal })),
      ]);
      return { some: page.data, count };
    },
  });

/** The first example of the type as JSON, for a test event to begin with. Empty where there is none. */
export const firstExampleQuery = (name: string) =>
  queryOptions({
    queryKey: ["event-type", name, "example"],
    async queryFn({ signal }) {
      const type = await ask(api.GET("/v1/event-types/{name}", { params: { path: { name } }, signal }));
      return type.examples === undefined ? "" : JSON.stringify(type.examples[0], undefined, 2);
    },
    // What is typed over it stays.
    staleTime: Infinity,
  });

interface TestEvent {
  type: string;
  id: string;
  /** Empty for all groups. */
  groupId: string;
  /** JSON. Its bytes are published as they were typed. */
  text: string;
}

export const publishTest = ({ type, id, groupId, text }: TestEvent) =>
  ask(
    api.POST("/v1/events", {
      body: { type, id, data: undefined, ...(groupId && { groups: [groupId] }) },
      // Read and written again, a number above 2^53 would be another one.
      bodySerializer: (body) => `${JSON.stringify(body).slice(0, -1)},"data":${text}}`,
    }),
  );
