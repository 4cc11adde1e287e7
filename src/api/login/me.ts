/**
 * The identity of the person who asks: the name, the role and its end. The person can also take another role or log
 * out.
 */
import type { z } from "zod";
import type { Role } from "../../store/model.js";
import { mayAct } from "../access/access.js";
import type { Actor } from "../access/actor.js";
import { recordAct } from "../access/audit.js";
import { clearSessionCookie } from "../http/cookies.js";
import { clearFormerSessionCookie } from "./former-session.js";
import type { ApiDependencies } from "../dependencies.js";
import { refuse, type Refusal } from "../http/errors.js";
import { sendSeeOther, wantsPage } from "../pages/page.js";
import { answerRefusal } from "../pages/refused.js";
import { send } from "../http/respond.js";
import { ok, type RequestContext, type ApiRoute, route, type ServedRoute } from "../route.js";
import { leadToProvider } from "../saml/connections/logout-routes.js";
import { meView, roleInput } from "./schemas.js";

type ViewDependencies = Pick<ApiDependencies, "catalogue" | "temporalUi">;

function view(actor: Actor, { catalogue, temporalUi }: ViewDependencies): z.input<typeof meView> {
  const { name, role, groupIds, apiIds, session } = actor;
  const { namespacePath } = temporalUi;
  const { displayName, email } = session?.identity ?? {};
  return {
    id: name,
    role,
    roles: [...(session?.roles ?? [role])],
    ...(displayName !== undefined && { displayName }),
    ...(email !== undefined && { email }),
    ...(session && { connection: { id: session.connection.id, name: session.connection.name } }),
    ...(groupIds && { groups: groupIds.map((id) => ({ id, name: catalogue.group(id)?.name ?? "" })) }),
    ...(apiIds && { apis: apiIds.map((id) => ({ id, name: catalogue.api(id)?.name ?? "" })) }),
    ...(session && {
      session: {
        startedAt: session.startedAt.toISOString(),
        expiresAt: session.expiresAt.toISOString(),
        endsAt: session.endsAt.toISOString(),
      },
    }),
    ...(session && mayAct(actor, "temporal:use") && namespacePath !== undefined && { temporalUi: namespacePath }),
  };
}

/** Changes to another of the person's roles. Gives the reason when that is not possible. */
async function changeRole(
  context: RequestContext<"store" | "catalogue" | "sessions">,
  role: Role,
): Promise<Refusal | undefined> {
  const {
    actor: { session, role: before },
    dependencies: { sessions },
  } = context;
  if (!session) return refuse("forbidden", "A key has one role.");
  if (!session.roles.includes(role)) return refuse("forbidden", "You do not have that role.");
  if (!(await sessions.actIn(session, role))) return refuse("session_ended");
  await recordAct(context, "session.role", session.personId, { before, role });
  return undefined;
}

type LogoutContext = RequestContext<"store" | "catalogue" | "sessions" | "serviceProvider" | "log">;

function logoutRoute(
  path: "/logout" | "/logout/everywhere",
  operationId: string,
  summary: string,
  end: (context: LogoutContext, session: NonNullable<Actor["session"]>) => Promise<void>,
): ServedRoute {
  return {
    method: "post",
    path,
    operationId,
    tag: "People",
    act: "session:own",
    page: "/logged-out",
    summary,
    description:
      "If a browser asks for a page and the identity provider takes part in single logout, then " +
      "the browser is sent on to it with a LogoutRequest. Otherwise it is sent to /logged-out " +
      "(303). The session here has ended before that.",
    response: { status: 204, description: "Logged out" },
    async serve(context: LogoutContext, request, response) {
      const { session } = context.actor;
      if (!session) return answerRefusal(request, response, refuse("forbidden", "A key has no session."));
      await end(context, session);
      if (wantsPage(request) && (await leadToProvider(context, response, { session, cookies: CLEARED }))) return;
      if (wantsPage(request)) return sendSeeOther(response, "/logged-out", CLEARED);
      response.setHeader("set-cookie", CLEARED);
      send(response, 204, "");
    },
  };
}

const CLEARED = [clearSessionCookie, clearFormerSessionCookie];

export const meRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/me",
    operationId: "readMe",
    tag: "People",
    act: "session:own",
    summary: "Who you are, and what you may be",
    response: { status: 200, description: "You", schema: meView },
    handle: async ({ actor, dependencies }: RequestContext<keyof ViewDependencies>) => ok(view(actor, dependencies)),
  }),
  route({
    method: "post",
    path: "/v1/me/role",
    operationId: "changeRole",
    tag: "People",
    act: "session:own",
    summary: "Act in another of your roles",
    description: "For the rest of the session, or until it is changed again.",
    body: roleInput,
    response: { status: 200, description: "You, as you act now", schema: meView },
    async handle(context: RequestContext<"store" | "catalogue" | "sessions" | "temporalUi">, { body: { role } }) {
      const { actor, dependencies } = context;
      const { sessions } = dependencies;
      const refusal = await changeRole(context, role);
      if (refusal) return refusal;
      const now = actor.session && (await sessions.actorOf(actor.session));
      return now === undefined ? refuse("session_ended") : "refused" in now ? now : ok(view(now, dependencies));
    },
  }),
  logoutRoute("/logout", "logOut", "End this session", async (context, session) => {
    await context.dependencies.sessions.end(session);
    await recordAct(context, "session.end", session.personId);
  }),
  logoutRoute("/logout/everywhere", "logOutEverywhere", "End all your sessions", async (context, session) => {
    const ended = await context.dependencies.sessions.endAllOf(session.personId);
    await recordAct(context, "session.end_all", session.personId, { sessions: ended });
  }),
];
