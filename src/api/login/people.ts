/** People who have logged in, as administrators see them. They can list them, log them out and erase them. */
import { z } from "zod";
import type { Person } from "../../store/collections/people.js";
import { pageReply, pageRequest, recordAct } from "../access/audit.js";
import { recordPeopleRead } from "../access/content-reads.js";
import { refuse } from "../http/errors.js";
import { noContent, ok, type ApiRoute, route, type RequestContext } from "../route.js";
import { peoplePage, personId, personView } from "./schemas.js";
import { pageQuery } from "../http/primitives.js";

const params = z.strictObject({ id: personId });

const view = ({ firstLoginAt, lastLoginAt, ...person }: Person): z.input<typeof personView> => ({
  ...person,
  firstLoginAt: firstLoginAt.toISOString(),
  lastLoginAt: lastLoginAt.toISOString(),
});

export const peopleRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/people",
    operationId: "listPeople",
    tag: "People",
    act: "people:read",
    summary: "List people who have logged in, newest first",
    query: pageQuery,
    response: { status: 200, description: "A page of people", schema: peoplePage },
    async handle(context: RequestContext<"store" | "auditTally">, { query }) {
      const page = await context.dependencies.store.people.list(pageRequest(query));
      await recordPeopleRead(
        context,
        page.data.map(({ id }) => id),
      );
      return pageReply(page, view);
    },
  }),
  route({
    method: "get",
    path: "/v1/people/{id}",
    operationId: "readPerson",
    tag: "People",
    act: "people:read",
    summary: "Read a person",
    params,
    response: { status: 200, description: "The person", schema: personView },
    async handle(context: RequestContext<"store" | "auditTally">, { params: { id } }) {
      const person = await context.dependencies.store.people.get(id);
      if (!person) return refuse("not_found");
      await recordPeopleRead(context, [id]);
      return ok(view(person));
    },
  }),
  route({
    method: "delete",
    path: "/v1/people/{id}",
    operationId: "erasePerson",
    tag: "People",
    act: "people:write",
    summary: "Erase a person",
    description:
      "Ends the person's sessions and destroys the key of their personal data, backups included. " +
      "The audit keeps the id, which does not identify the person. A person who may still log " +
      "in comes back at the next log-in. So take the access away at the identity provider first.",
    params,
    response: { status: 204, description: "Erased" },
    async handle(context: RequestContext<"store" | "catalogue" | "sessions">, { params: { id } }) {
      const { store, sessions } = context.dependencies;
      if (!(await store.people.get(id)) && !(await store.erasures.has(`person/${id}`))) return refuse("not_found");
      await store.erasures.erase(`person/${id}`, context.actor.name);
      // This comes after the erasure. So a log-in that is under way cannot open a session any more.
      await sessions.endAllOf(id);
      await recordAct(context, "person.erase", id);
      return noContent;
    },
  }),
  route({
    method: "post",
    path: "/v1/people/{id}/logout",
    operationId: "logOutPerson",
    tag: "People",
    act: "people:write",
    summary: "End all sessions of a person",
    description: "Other processes notice within a second.",
    params,
    response: { status: 204, description: "Ended" },
    async handle(context: RequestContext<"store" | "catalogue" | "sessions">, { params: { id } }) {
      if (!(await context.dependencies.store.people.get(id))) return refuse("not_found");
      const sessions = await context.dependencies.sessions.endAllOf(id);
      await recordAct(context, "person.logout", id, { sessions });
      return noContent;
    },
  }),
];
