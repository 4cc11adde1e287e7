/** The sessions of the person who asks: where they were begun, and their end. */
import { z } from "zod";
import type { Session } from "../../store/collections/sessions.js";
import { ROLES } from "../../store/model.js";
import { recordAct } from "../access/audit.js";
import { refuse } from "../http/errors.js";
import { instant } from "../http/primitives.js";
import { type ApiRoute, noContent, ok, type RequestContext, route } from "../route.js";

/** An HMAC-SHA-256 in base64url. It names a session and gives no access to it. */
const sessionId = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be the id of a session");

const sessionView = z
  .object({
    id: sessionId,
    current: z.boolean().meta({ description: "It is the session that asks" }),
    role: z.enum(ROLES).optional().meta({ description: "The role that was chosen in it. Absent: none was" }),
    startedAt: instant,
    seenAt: instant.meta({ description: "Its last request, up to a minute behind" }),
    endsAt: instant.meta({ description: "When it ends if nothing more is asked for" }),
    address: z.string().optional().meta({ description: "The address from which the log-in came" }),
    userAgent: z.string().optional().meta({ description: "What the browser said that it is" }),
  })
  .meta({ id: "MySession" });
const sessionsView = z.object({ data: z.array(sessionView) }).meta({ id: "MySessions" });

const viewOf = (
  { id, role, startedAt, seenAt, endsAt, identity: { from } }: Session,
  own: string,
): z.input<typeof sessionView> => ({
  id,
  current: id === own,
  ...(role && { role }),
  startedAt: startedAt.toISOString(),
  seenAt: seenAt.toISOString(),
  endsAt: endsAt.toISOString(),
  ...from,
});

export const mySessionRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/me/sessions",
    operationId: "listMySessions",
    tag: "People",
    act: "session:own",
    summary: "Your sessions, the newest first",
    description: "A key has none.",
    response: { status: 200, description: "Your sessions", schema: sessionsView },
    async handle({ actor: { session }, dependencies: { sessions } }: RequestContext<"sessions">) {
      if (!session) return ok({ data: [] });
      return ok({ data: (await sessions.listOf(session.personId)).map((each) => viewOf(each, session.id)) });
    },
  }),
  route({
    method: "delete",
    path: "/v1/me/sessions/{id}",
    operationId: "endMySession",
    tag: "People",
    act: "session:own",
    summary: "End one of your sessions",
    description: "Other processes notice within a second.",
    params: z.strictObject({ id: sessionId }),
    response: { status: 204, description: "Ended" },
    async handle(context: RequestContext<"store" | "catalogue" | "sessions">, { params: { id } }) {
      const { session } = context.actor;
      const { sessions } = context.dependencies;
      const own = session ? await sessions.listOf(session.personId) : [];
      // A session of another person is not there.
      if (!session || !own.some((each) => each.id === id)) return refuse("not_found");
      await sessions.end({ id });
      await recordAct(context, "session.end", session.personId, { session: id.slice(0, 8) });
      return noContent;
    },
  }),
];
