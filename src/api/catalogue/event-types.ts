/** Event types. An api publishes events of its types. */
import { z } from "zod";
import { OWN_API_ID } from "../../catalogue/notices/own-api.js";
import type { Deprecation, EventType } from "../../store/model.js";
import { ownsApi, seesEventType } from "../access/access.js";
import { pageRequest, recordAct } from "../access/audit.js";
import { applyChange, type ChangeOf, exact } from "../http/change.js";
import { changeEventType, refuseEventType } from "./event-type-changes.js";
import { versionView, eventTypeViewOf } from "./event-type-view.js";
import { duplicateOrThrow } from "../http/failure.js";
import { refuse } from "../http/errors.js";
import { created, noContent, ok, type RequestContext, type ApiRoute, route } from "../route.js";
import { eventTypeChange, eventTypeInput, eventTypeVersionView, eventTypeView } from "./schemas.js";
import { eventTypeName, pageOf, pageQuery } from "../http/primitives.js";

const params = z.strictObject({ name: eventTypeName });

/** Dates out of a request. */
const deprecationOf = ({
  at,
  sunsetAt,
  ...rest
}: NonNullable<z.output<typeof eventTypeInput>["deprecation"]>): Deprecation => ({
  ...exact(rest),
  at: new Date(at),
  ...(sunsetAt !== undefined && { sunsetAt: new Date(sunsetAt) }),
});

/** What keeps an event type from being deleted. */
async function dependant(
  { dependencies: { store } }: RequestContext<"store">,
  name: string,
): Promise<string | undefined> {
  const subscription = (await store.subscriptions.all()).find((each) => each.eventTypes.includes(name));
  if (subscription) return `The subscription ${subscription.id} is subscribed to it.`;
  const group = (await store.groups.all()).find((each) => each.grants.includes(name));
  return group && `The group ${group.id} is granted it.`;
}

export const eventTypeRoutes: readonly ApiRoute[] = [
  route({
    method: "post",
    path: "/v1/event-types",
    operationId: "createEventType",
    tag: "Catalogue",
    act: "catalogue:write",
    summary: "Create an event type",
    description:
      "The schema is compiled and the examples are checked against it. The problem `schema_refused` " +
      "says what a schema may hold.",
    body: eventTypeInput,
    schemaInBody: true,
    response: { status: 201, description: "Created", schema: eventTypeView },
    problems: ["name_taken", "api_unknown", "schema_refused", "example_refused", "built_in"],
    async handle(context: RequestContext<"store" | "catalogue" | "compileSchema">, { body }) {
      const { store, catalogue, compileSchema } = context.dependencies;
      if (!ownsApi(context.actor, body.apiId) || !(await store.apis.get(body.apiId))) return refuse("api_unknown");
      if (body.apiId === OWN_API_ID) return refuse("built_in");
      // This is checked before the schema is compiled. If this process does not know the type yet, then the insert
      // decides.
      const known = catalogue.eventType(body.name) && (await store.eventTypes.get(body.name));
      if (known)
        return refuse(
          "name_taken",
          ownsApi(context.actor, known.apiId) ? `It is an event type of the api ${known.apiId}.` : undefined,
        );
      const now = new Date();
      const { deprecation, ...fields } = body;
      const type: EventType = {
        ...exact(fields),
        ...(deprecation && { deprecation: deprecationOf(deprecation) }),
        version: 1,
        createdAt: now,
        updatedAt: now,
      };
      const refusal = refuseEventType(compileSchema, type);
      if (refusal) return refusal;
      const taken = await store.eventTypes.insert(type).then(() => false, duplicateOrThrow);
      if (taken) return refuse("name_taken");
      await recordAct(context, "event_type.create", type.name, { apiId: type.apiId });
      return created(
        eventTypeViewOf(context.actor, catalogue, type),
        `/v1/event-types/${encodeURIComponent(type.name)}`,
      );
    },
  }),
  route({
    method: "get",
    path: "/v1/event-types/{name}",
    operationId: "readEventType",
    tag: "Catalogue",
    act: "catalogue:read",
    summary: "Read an event type",
    params,
    response: { status: 200, description: "The event type", schema: eventTypeView },
    async handle(
      { dependencies: { store, catalogue }, actor }: RequestContext<"store" | "catalogue">,
      { params: { name } },
    ) {
      const type = seesEventType(actor, catalogue, name) ? await store.eventTypes.get(name) : undefined;
      return type ? ok(eventTypeViewOf(actor, catalogue, type)) : refuse("not_found");
    },
  }),
  route({
    method: "get",
    path: "/v1/event-types/{name}/versions",
    operationId: "listEventTypeVersions",
    tag: "Catalogue",
    act: "catalogue:read",
    summary: "List the versions of an event type, newest first",
    description: "New events are checked against the newest version. Earlier versions stay readable.",
    params,
    query: pageQuery,
    response: { status: 200, description: "A page of versions", schema: pageOf(eventTypeVersionView) },
    async handle(
      { dependencies: { store, catalogue }, actor }: RequestContext<"store" | "catalogue">,
      { params: { name }, query },
    ) {
      const type = seesEventType(actor, catalogue, name) ? await store.eventTypes.get(name) : undefined;
      if (!type) return refuse("not_found");
      const { limit, cursor } = pageRequest(query);
      const newest = type.version ?? 1;
      const from = cursor === undefined ? newest : Number(cursor);
      if (!Number.isSafeInteger(from) || from < 1 || from > newest)
        return refuse("invalid_request", undefined, {
          errors: [{ path: "query.cursor", message: "must be a `next` of an earlier page of this list" }],
        });
      const numbers = Array.from({ length: Math.min(limit, from) }, (_, index) => from - index);
      const earlier = await store.eventTypeVersions.getMany(
        name,
        numbers.filter((number) => number !== newest),
      );
      const current = {
        version: newest,
        ...(type.schema && { schema: type.schema }),
        ...(type.examples && { examples: type.examples }),
        createdAt: type.versionAt ?? type.createdAt,
      };
      const next = from - limit;
      return ok({
        data: [...(from === newest ? [current] : []), ...earlier].map(versionView),
        next: next >= 1 ? String(next) : null,
      });
    },
  }),
  route({
    method: "patch",
    path: "/v1/event-types/{name}",
    operationId: "changeEventType",
    tag: "Catalogue",
    act: "catalogue:write",
    summary: "Change an event type",
    description: "Another schema makes the next version. The examples that stay must satisfy it.",
    params,
    body: eventTypeChange,
    schemaInBody: true,
    response: { status: 200, description: "The event type as it is now", schema: eventTypeView },
    problems: ["schema_refused", "example_refused", "built_in"],
    async handle(context: RequestContext<"store" | "catalogue" | "compileSchema">, { params: { name }, body }) {
      const { catalogue } = context.dependencies;
      if (!seesEventType(context.actor, catalogue, name)) return refuse("not_found");
      if (catalogue.eventType(name)?.apiId === OWN_API_ID) return refuse("built_in");
      const { deprecation, ...fields } = body;
      const change: ChangeOf<EventType> = {
        ...fields,
        ...(deprecation !== undefined && { deprecation: deprecation && deprecationOf(deprecation) }),
      };
      const changed = await changeEventType(context.dependencies, name, (before) => applyChange(before, change));
      if (!changed) return refuse("not_found");
      if ("refused" in changed) return changed;
      const { type, before } = changed;
      await recordAct(context, "event_type.change", name, {
        fields: Object.keys(body),
        ...(type.version !== before.version && { version: type.version }),
      });
      return ok(eventTypeViewOf(context.actor, catalogue, type));
    },
  }),
  route({
    method: "delete",
    path: "/v1/event-types/{name}",
    operationId: "deleteEventType",
    tag: "Catalogue",
    act: "catalogue:write",
    summary: "Delete an event type",
    description: "Refused while a subscription is subscribed to it or a group is granted it by name.",
    params,
    response: { status: 204, description: "Deleted" },
    problems: ["in_use", "built_in"],
    async handle(context: RequestContext<"store" | "catalogue">, { params: { name } }) {
      const { store, catalogue } = context.dependencies;
      const type = seesEventType(context.actor, catalogue, name) ? await store.eventTypes.get(name) : undefined;
      if (!type) return refuse("not_found");
      if (type.apiId === OWN_API_ID) return refuse("built_in");
      const inUse = await dependant(context, name);
      if (inUse !== undefined) return refuse("in_use", inUse);
      if (!(await store.eventTypes.delete(name))) return refuse("not_found");
      // One that is made anew begins with version 1 and overwrites what a crash here leaves behind.
      await store.eventTypeVersions.delete(
        name,
        Array.from({ length: (type.version ?? 1) - 1 }, (_, index) => index + 1),
      );
      await recordAct(context, "event_type.delete", name);
      return noContent;
    },
  }),
];
