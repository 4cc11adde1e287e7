/** Notices by mail, for the person who asks. */
import { z } from "zod";
import { readerOf } from "../../catalogue/notices/mail-address.js";
import { MAIL_LANGUAGES } from "../../store/notices/mail-language.js";
import { recordAct } from "../access/audit.js";
import { refuse } from "../http/errors.js";
import { ok, type ApiRoute, type RequestContext, route } from "../route.js";

const mailView = z
  .object({
    wanted: z.boolean().meta({ description: "You get notices by mail" }),
    sent: z.boolean().meta({ description: "This service has a mail server" }),
    language: z.enum(MAIL_LANGUAGES).optional().meta({ description: "In which they are written. Absent: English" }),
    address: z.string().optional().meta({ description: "Where they go. Absent: your identity provider names none" }),
  })
  .meta({ id: "MyMail" });
const mailInput = z
  .strictObject({
    wanted: z.boolean(),
    language: z.enum(MAIL_LANGUAGES).optional().meta({ description: "If absent, then the earlier choice stays" }),
  })
  .meta({ id: "MyMailInput" });

type Context = RequestContext<"store" | "settings">;

async function view({ actor: { session }, dependencies: { store, settings } }: Context) {
  // A key gets no mail.
  if (!session) return ok({ wanted: false, sent: settings.sendsMail === true });
  const { email } = session.identity;
  const isStopped = email !== undefined && (await store.mail.stopped([readerOf(store, email)])).size > 0;
  const reader = await store.mailReaders.get(session.personId);
  return ok({
    wanted: !isStopped && reader !== undefined,
    ...(reader?.language && { language: reader.language }),
    sent: settings.sendsMail === true,
    ...(email !== undefined && { address: email }),
  });
}

export const myMailRoutes: readonly ApiRoute[] = [
  route({
    method: "get",
    path: "/v1/me/mail",
    operationId: "readMyMail",
    tag: "People",
    act: "session:own",
    summary: "Whether you get notices by mail",
    response: { status: 200, description: "Your mail", schema: mailView },
    handle: async (context: Context) => view(context),
  }),
  route({
    method: "put",
    path: "/v1/me/mail",
    operationId: "changeMyMail",
    tag: "People",
    act: "session:own",
    summary: "Switch notices by mail on or off, and choose their language",
    description:
      "Notices go to the address that your identity provider names. You get those that your roles may see at the " +
      "time. They end 90 days after your last log-in.",
    body: mailInput,
    response: { status: 200, description: "Your mail as it is now", schema: mailView },
    async handle(context: RequestContext<"store" | "settings" | "catalogue">, { body: { wanted, language: given } }) {
      const { session } = context.actor;
      if (!session) return refuse("forbidden", "A key gets no mail.");
      const { store } = context.dependencies;
      const { email, groups } = session.identity;
      if (wanted && email === undefined)
        return refuse("forbidden", "Your identity provider sends no address. Ask its administrator for one.");
      if (wanted && email !== undefined) {
        const language = given ?? (await store.mailReaders.get(session.personId))?.language;
        await store.mailReaders.put({
          personId: session.personId,
          connectionId: session.connection.id,
          email,
          groups: [...groups],
          ...(language && { language }),
          at: session.startedAt,
        });
        // A link to unsubscribe in an earlier mail does not count any more.
        await store.mail.allow(readerOf(store, email));
      } else await store.mailReaders.delete(session.personId);
      await recordAct(context, "session.mail", session.personId, { wanted });
      return view(context);
    },
  }),
];
