/** Event types: what an api publishes. */
import { z } from "zod";
import type { EventType } from "../store/model.js";
import { ownsApi, seesEventType } from "./access.js";
import { pageReply, pageRequest, recordAct } from "./audit.js";
import { applyChange, exact } from "./change.js";
import { isDuplicate } from "./failure.js";
import { refuse } from "./errors.js";
import { created, noContent, ok, type RequestContext, type Route, route } from "./route.js";
import { apiId, eventTypeChange, eventTypeInput, eventTypeView } from "./schemas/catalogue.js";
import { eventTypeName, pageOf, pageQuery } from "./schemas/primitives.js";

const params = z.strictObject({ name: eventTypeName });

const view = ({ createdAt, updatedAt, ...type }: EventType): z.input<typeof eventTypeView> =>
  ({ ...type, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() });

/** Names that the actor may discover; undefined: all. */
async function visibleNames({ dependencies: { store, catalogue }, actor }: RequestContext): Promise<string[] | undefined> {
  if (!actor.groupIds && !actor.apiIds) return undefined;
  return (await store.eventTypes.all()).map((type) => type.name).filter((name) => seesEventType(actor, catalogue, name));
}

/** What keeps an event type from being deleted. */
async function dependant({ dependencies: { store } }: RequestContext, name: string): Promise<string | undefined> {
  const subscription = (await store.subscriptions.all()).find((each) => each.eventTypes.includes(name));
  if (subscription) return `The subscription ${subscription.id} is subscribed to it.`;
  const group = (await store.groups.all()).find((each) => each.grants.includes(name));
  return group && `The group ${group.id} is granted it.`;
}

export const eventTypeRoutes: readonly Route[] = [
  route({
    method: "post", path: "/v1/event-types", operationId: "createEventType", tag: "Catalogue", act: "catalogue:write", summary: "Create an event type",
    body: eventTypeInput, response: { status: 201, description: "Created", schema: eventTypeView }, problems: ["name_taken", "api_unknown"],
    async handle(context, { body }) {
      const { store } = context.dependencies;
      if (!ownsApi(context.actor, body.apiId) || !(await store.apis.get(body.apiId))) return refuse("api_unknown");
      const now = new Date();
      const type: EventType = { ...exact(body), createdAt: now, updatedAt: now };
      const taken = await store.eventTypes.insert(type).then(() => false, isDuplicate);
      if (taken) return refuse("name_taken");
      await recordAct(context, "event_type.create", type.name, { apiId: type.apiId });
      return created(view(type), `/v1/event-types/${type.name}`);
    },
  }),
  route({
    method: "get", path: "/v1/event-types", operationId: "listEventTypes", tag: "Catalogue", act: "catalogue:read",
    summary: "List event types", description: "A consumer sees those that its group is granted.",
    query: pageQuery.extend({ apiId: apiId.optional() }), response: { status: 200, description: "A page of event types", schema: pageOf(eventTypeView) },
    async handle(context, { query }) {
      const ids = await visibleNames(context);
      if (ids?.length === 0) return pageReply({ data: [] }, view);
      const filter = { ...(ids && { ids }), ...(query.apiId !== undefined && { apiId: query.apiId }) };
      return pageReply(await context.dependencies.store.eventTypes.list(pageRequest(query), filter), view);
    },
  }),
  route({
    method: "get", path: "/v1/event-types/{name}", operationId: "readEventType", tag: "Catalogue", act: "catalogue:read", summary: "Read an event type",
    params, response: { status: 200, description: "The event type", schema: eventTypeView },
    async handle({ dependencies, actor }, { params: { name } }) {
      const type = seesEventType(actor, dependencies.catalogue, name) ? await dependencies.store.eventTypes.get(name) : undefined;
      return type ? ok(view(type)) : refuse("not_found");
    },
  }),
  route({
    method: "patch", path: "/v1/event-types/{name}", operationId: "changeEventType", tag: "Catalogue", act: "catalogue:write", summary: "Change an event type",
    params, body: eventTypeChange, response: { status: 200, description: "The event type as it is now", schema: eventTypeView },
    async handle(context, { params: { name }, body }) {
      if (!seesEventType(context.actor, context.dependencies.catalogue, name)) return refuse("not_found");
      const type = await context.dependencies.store.eventTypes.update(name, (before) => applyChange(before, body));
      if (!type) return refuse("not_found");
      await recordAct(context, "event_type.change", name, { fields: Object.keys(body) });
      return ok(view(type));
    },
  }),
  route({
    method: "delete", path: "/v1/event-types/{name}", operationId: "deleteEventType", tag: "Catalogue", act: "catalogue:write", summary: "Delete an event type",
    description: "Refused while a subscription is subscribed to it or a group is granted it by name.",
    params, response: { status: 204, description: "Deleted" }, problems: ["in_use"],
    async handle(context, { params: { name } }) {
      const { store, catalogue } = context.dependencies;
      if (!seesEventType(context.actor, catalogue, name) || !(await store.eventTypes.get(name))) return refuse("not_found");
      const inUse = await dependant(context, name);
      if (inUse !== undefined) return refuse("in_use", inUse);
      if (!(await store.eventTypes.delete(name))) return refuse("not_found");
      await recordAct(context, "event_type.delete", name);
      return noContent;
    },
  }),
];
