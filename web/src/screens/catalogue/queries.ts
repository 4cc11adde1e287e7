/** What the catalogue asks the API. */
import { keepPreviousData, queryOptions } from "@tanstack/react-query";
import { api, ask, askTagged, type Schemas } from "../../api/client.js";
import type { ExportFormat } from "../../parts/rows/export-menu.js";
import { type CatalogueSearch, eventTypeFilterOf } from "./filters.js";

export type EventType = Schemas["EventType"];
export type EventTypeVersion = Schemas["EventTypeVersion"];
export type Api = Schemas["Api"];

const PAGE_ROWS = 50;

export const eventTypesPageQuery = (search: CatalogueSearch) => {
  const query = { ...eventTypeFilterOf(search), limit: PAGE_ROWS, ...(search.cursor && { cursor: search.cursor }) };
  return queryOptions({
    queryKey: ["event-types", "page", query],
    queryFn: ({ signal }) => ask(api.GET("/v1/event-types", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
};

export const eventTypeCountQuery = (search: CatalogueSearch) => {
  const query = eventTypeFilterOf(search);
  return queryOptions({
    queryKey: ["event-types", "count", query],
    queryFn: ({ signal }) => ask(api.GET("/v1/catalogue/event-types/count", { params: { query }, signal })),
    placeholderData: keepPreviousData,
  });
};

/** Where the file of what is filtered is. */
export const eventTypeExportAddress = (search: CatalogueSearch, format: ExportFormat): string =>
  `/v1/catalogue/event-types/export?${new URLSearchParams({ format, ...eventTypeFilterOf(search) }).toString()}`;

export const eventTypeQuery = (name: string) =>
  queryOptions({
    queryKey: ["event-type", name],
    queryFn: ({ signal }) => ask(api.GET("/v1/event-types/{name}", { params: { path: { name } }, signal })),
  });

/** The same with its tag, for a change of it. */
export const taggedTypeQuery = (name: string) =>
  queryOptions({
    queryKey: ["event-type", name, "tagged"],
    queryFn: ({ signal }) => askTagged(api.GET("/v1/event-types/{name}", { params: { path: { name } }, signal })),
    // A form on the screen is not written over: only an act asks again.
    staleTime: Infinity,
    refetchOnMount: "always",
  });

export const versionsQuery = (name: string) =>
  queryOptions({
    queryKey: ["event-type", name, "versions"],
    queryFn: ({ signal }) =>
      ask(
        api.GET("/v1/event-types/{name}/versions", { params: { path: { name }, query: { limit: PAGE_ROWS } }, signal }),
      ),
  });

const RECEIVERS = 10;

/** Who receives the type, as far as this person sees subscriptions. The newest ones, and how many there are. */
export const receiversQuery = (name: string) =>
  queryOptions({
    queryKey: ["subscriptions", "receivers", name],
    async queryFn({ signal }) {
      const query = { eventType: name };
      const [page, counted] = await Promise.all([
        ask(api.GET("/v1/subscriptions", { params: { query: { ...query, limit: RECEIVERS } }, signal })),
        ask(api.GET("/v1/subscriptions/count", { params: { query }, signal })),
      ]);
      return { some: page.data, counted };
    },
  });

/** Those that nobody has answered yet. */
export const openRequestsQuery = queryOptions({
  queryKey: ["grant-requests", "open"],
  queryFn: ({ signal }) =>
    ask(api.GET("/v1/grant-requests", { params: { query: { status: "open", limit: 250 } }, signal })),
});
