/**
 * The activity behind the workflow `mail`. A mail server that is away fails the activity, and the engine tries it
 * again. A server that refuses one mail puts off that mail alone, or ends it.
 */
import type { Logger } from "pino";
import type { Transporter } from "nodemailer";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { readerOf, unsubscribeUrl } from "../../catalogue/notices/mail-address.js";
import { groupBy } from "../../group-by.js";
import type { Metrics } from "../../metrics.js";
import type { WaitingMailLine } from "../../store/notices/mail.js";
import type { Store } from "../../store/store.js";
import { DAY_MS } from "../../workflows/durations.js";
import type { MailActivities } from "../../workflows/mail/mail-contract.js";
import {
  deferralMs,
  digestAfter,
  MOST_DEFERRALS,
  MOST_MESSAGES_A_DAY,
  type MessageResult,
} from "../notices/gathering.js";
import { composeMail } from "./compose.js";
import { faultOf, serverFault } from "./mail-fault.js";
import { mailLanguageOf } from "./mail-languages.js";

export interface SendMailDependencies {
  store: Pick<Store, "mail" | "mailReaders" | "limits" | "blindIndex">;
  catalogue: Pick<Catalogue, "refresh" | "subscription" | "group" | "api">;
  metrics: Pick<Metrics, "mails">;
  log: Pick<Logger, "warn">;
  /** Opens a connection to the mail server, with time limits of its own. */
  connect: () => Transporter;
  from: string;
  /** Under which readers reach the portal, without a slash at the end. */
  publicUrl: string;
  now?: () => Date;
}

const LINES = 500;
/** In one step, so that a slow server is not taken for a dead one. */
const MAILS = 20;

export function createSendMail(dependencies: SendMailDependencies): MailActivities {
  const { store, catalogue, metrics, connect, from, publicUrl, now = () => new Date() } = dependencies;

  async function sendOne(transport: Transporter, lines: readonly WaitingMailLine[]): Promise<MessageResult> {
    const ids = lines.map(({ id }) => id);
    const [first] = lines;
    const to = first && (await addressOf(dependencies, first));
    if (!first || to === undefined || (await store.mail.stopped([first.reader])).size > 0) {
      await store.mail.remove(ids);
      return "stopped";
    }
    if (first.tries === 0) {
      const taking = await store.limits.take([
        { key: `mail/${first.reader}`, most: MOST_MESSAGES_A_DAY, windowMs: DAY_MS },
      ]);
      if (!taking.ok) {
        // One mail about all of it when there is room again.
        const { mail, dueAt } = digestAfter(new Date(now().getTime() + taking.retryAfterMs));
        await store.mail.postpone(ids, dueAt, { mail, untried: true });
        return "limited";
      }
    }
    const content = composeMail(lines, {
      catalogue,
      publicUrl,
      language: await mailLanguageOf(dependencies, first.source),
      unsubscribeUrl: unsubscribeUrl(store, publicUrl, first.reader),
    });
    try {
      await transport.sendMail({ from, to: { name: "", address: to }, ...content });
    } catch (error) {
      return failed(dependencies, error, first, ids);
    }
    await store.mail.remove(ids);
    return "sent";
  }

  return {
    async sendMail() {
      const lines = await store.mail.due(LINES, now());
      if (lines.length === 0) return { sent: 0, others: 0, more: false };
      await catalogue.refresh();
      const mails = [...groupBy(lines, ({ reader, mail }) => `${reader} ${mail}`).values()];
      const transport = connect();
      const results: MessageResult[] = [];
      try {
        // Before a mail is counted for its reader: a server that is away must not use up the day.
        await transport.verify().catch((error: unknown) => {
          throw serverFault(error);
        });
        for (const mail of mails.slice(0, MAILS)) {
          const result = await sendOne(transport, mail);
          metrics.mails.inc({ result });
          results.push(result);
        }
      } finally {
        transport.close();
      }
      const sent = results.filter((result) => result === "sent").length;
      return { sent, others: results.length - sent, more: mails.length > MAILS || lines.length === LINES };
    },
  };
}

/** The address as it is now. Undefined when it is no contact any more, or the person wants no mail any more. */
async function addressOf(
  { store, catalogue }: Pick<SendMailDependencies, "store" | "catalogue">,
  { reader, source }: WaitingMailLine,
): Promise<string | undefined> {
  const addresses =
    "personId" in source
      ? [(await store.mailReaders.get(source.personId))?.email ?? ""]
      : (catalogue.subscription(source.subscriptionId)?.contacts ?? []);
  return addresses.find((address) => address !== "" && readerOf(store, address) === reader);
}

/** @throws the error when the server is away, because then no other mail goes out either */
async function failed(
  { store, log, now = () => new Date() }: SendMailDependencies,
  error: unknown,
  { reader, tries }: WaitingMailLine,
  ids: readonly string[],
): Promise<MessageResult> {
  const fault = faultOf(error);
  if (fault.of === "server") throw fault.error;
  log.warn({ reader, code: fault.code, tries }, "the mail server refused a mail");
  if (fault.isPassing && tries < MOST_DEFERRALS) {
    await store.mail.postpone(ids, new Date(now().getTime() + deferralMs(tries)));
    return "deferred";
  }
  if (fault.of === "address") await store.mail.stop(reader, "refused");
  await store.mail.remove(ids);
  return "refused";
}
