/**
 * The list of event types, its count and its export. The latter two stand beside the list and not below it, because an
 * event type may be called `count` or `export`.
 */
import { pageReply, pageRequest } from "../access/audit.js";
import { countReply } from "../deliveries/delivery-query.js";
import { countView, MOST_COUNTED } from "../deliveries/schemas.js";
import { exportFormat, MOST_EXPORTED } from "../export/export-file.js";
import { exportRoute, partsOf } from "../export/export-route.js";
import { pageOf } from "../http/primitives.js";
import { type ApiRoute, type RequestContext, route } from "../route.js";
import { eventTypesUpTo, eventTypeViewOf, pageOfEventTypes } from "./event-type-view.js";
import { eventTypeFilterQuery, eventTypePageQuery, eventTypeView } from "./schemas.js";
import type { EventType } from "../../store/model.js";

const COLUMNS = [
  "name",
  "apiId",
  "description",
  "version",
  "validation",
  "deprecatedAt",
  "sunsetAt",
  "replacedBy",
  "createdAt",
  "updatedAt",
] as const;

/** Schemas and examples are no cells. They are in the documents of `GET /v1/apis/{id}/export`. */
const rowOf = ({ deprecation, createdAt, updatedAt, ...type }: EventType) => ({
  name: type.name,
  apiId: type.apiId,
  ...(type.description !== undefined && { description: type.description }),
  version: type.version ?? 1,
  validation: type.validation ?? "off",
  ...(deprecation && { deprecatedAt: deprecation.at.toISOString() }),
  ...(deprecation?.sunsetAt && { sunsetAt: deprecation.sunsetAt.toISOString() }),
  ...(deprecation?.replacedBy !== undefined && { replacedBy: deprecation.replacedBy }),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
});

export const eventTypeListRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/event-types",
    operationId: "listEventTypes",
    tag: "Catalogue",
    act: "catalogue:read",
    summary: "List event types",
    description:
      "A consumer sees those that are granted to its groups, and by which grant. The list is " +
      "read from memory. A change in another process is in it within a second.",
    query: eventTypePageQuery,
    response: { status: 200, description: "A page of event types", schema: pageOf(eventTypeView) },
    async handle({ dependencies: { catalogue }, actor }: RequestContext<"catalogue">, { query }) {
      return pageReply(pageOfEventTypes(actor, catalogue, query, pageRequest(query)), (type) =>
        eventTypeViewOf(actor, catalogue, type),
      );
    },
  }),
  route({
    method: "get",
    path: "/v1/catalogue/event-types/count",
    operationId: "countEventTypes",
    tag: "Catalogue",
    act: "catalogue:read",
    summary: "Count event types",
    description: "Those that `GET /v1/event-types` lists with the same filters. It counts up to 10,000 and then stops.",
    query: eventTypeFilterQuery,
    response: { status: 200, description: "The number", schema: countView },
    async handle({ dependencies: { catalogue }, actor }: RequestContext<"catalogue">, { query }) {
      const found = eventTypesUpTo(actor, catalogue, query, MOST_COUNTED);
      return countReply({ count: found.types.length, exact: found.exact });
    },
  }),
  exportRoute({
    what: "event types",
    path: "/v1/catalogue/event-types/export",
    operationId: "exportEventTypeList",
    tag: "Catalogue",
    act: "catalogue:read",
    summary: "Export the list of event types",
    holds:
      "What `GET /v1/event-types` lists with the same filters, newest first, without schemas and examples. " +
      "These are in the documents of `GET /v1/apis/{id}/export`.",
    columns: COLUMNS,
    query: eventTypeFilterQuery.extend({ format: exportFormat }),
    async find({ actor, dependencies: { catalogue } }, query) {
      const { types, exact } = eventTypesUpTo(actor, catalogue, query, MOST_EXPORTED);
      return { count: types.length, exact, pages: partsOf(types, rowOf) };
    },
  }),
];
