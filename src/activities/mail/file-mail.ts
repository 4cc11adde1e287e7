/** Who gets mail about a notice: the contacts of the subscription, and people who want it and may see it. */
import type { Logger } from "pino";
import type { Catalogue } from "../../catalogue/catalogue.js";
import { readerOf } from "../../catalogue/notices/mail-address.js";
import { type MailAudience, NOTICE_SPECS } from "../../catalogue/notices/notice-kinds.js";
import { type Standing, standingsOf } from "../../catalogue/people/role-mapping.js";
import type { MailLine, MailSource } from "../../store/notices/mail.js";
import type { MailReader } from "../../store/notices/mail-readers.js";
import type { Notice } from "../../store/notices/notice.js";
import type { Store } from "../../store/store.js";
import { gatheredAt } from "../notices/gathering.js";
import { DAY_MS } from "../../workflows/durations.js";

export interface FileMailDependencies {
  store: Pick<Store, "mail" | "mailReaders" | "samlConnections" | "blindIndex">;
  catalogue: Pick<Catalogue, "subscription" | "group" | "eventType">;
  log: Pick<Logger, "warn">;
  now?: () => Date;
}

/** Who has not logged in for so long may have left the company, and gets no mail any more. */
export const READER_DAYS = 90;

interface Reader {
  reader: MailReader;
  standings: readonly Standing[];
}

/** Files the mail of these notices. A repetition after a crash files nothing more. @throws StoreError */
export function createFileMail(dependencies: FileMailDependencies): (notices: readonly Notice[]) => Promise<void> {
  const { store, catalogue, log, now = () => new Date() } = dependencies;

  async function people(): Promise<Reader[]> {
    const readers = (await store.mailReaders.all()).filter(
      ({ at }) => now().getTime() - at.getTime() < READER_DAYS * DAY_MS,
    );
    if (readers.length === 0) return [];
    const connections = new Map((await store.samlConnections.all()).map((each) => [each.id, each]));
    return readers.flatMap((reader) => {
      const connection = connections.get(reader.connectionId);
      if (connection?.status !== "enabled") return [];
      const standings = standingsOf(connection, new Set(reader.groups), (id) => catalogue.group(id));
      return [{ reader, standings }];
    });
  }

  function lineOf(notice: Notice, address: string, source: MailSource): MailLine {
    return { reader: readerOf(store, address), ...gatheredAt(notice, now()), source, notice };
  }

  function linesOf(notice: Notice, readers: readonly Reader[]): MailLine[] {
    const { to } = NOTICE_SPECS[notice.kind];
    const subscription =
      notice.subscriptionId === undefined ? undefined : catalogue.subscription(notice.subscriptionId);
    const contacts = to.includes("contacts") && subscription ? (subscription.contacts ?? []) : [];
    return [
      ...readers
        .filter(({ standings }) => to.some((audience) => isAmong(catalogue, audience, { notice, standings })))
        .map(({ reader: { email, personId } }) => lineOf(notice, email, { personId })),
      ...contacts.map((address) => lineOf(notice, address, { subscriptionId: notice.subscriptionId ?? "" })),
    ];
  }

  return async (notices) => {
    if (notices.length === 0) return;
    const readers = await people();
    const lines = new Map<string, MailLine>();
    // Whoever is a contact and wants mail as well gets one line.
    for (const notice of notices)
      for (const line of linesOf(notice, readers)) {
        const key = `${line.reader}/${notice.id}`;
        if (!lines.has(key)) lines.set(key, line);
      }
    const left = await store.mail.file([...lines.values()]);
    if (left > 0) log.warn({ lines: left }, "lines of mail are lost, because too many wait; is the mail server there?");
  };
}

/** Whether a person with these roles belongs to the audience, and may see what the notice is about. */
function isAmong(
  catalogue: FileMailDependencies["catalogue"],
  audience: MailAudience,
  { notice, standings }: { notice: Notice; standings: readonly Standing[] },
): boolean {
  const { groupId } = notice;
  const has = (role: Standing["role"]): boolean => standings.some((standing) => standing.role === role);
  switch (audience) {
    case "contacts":
      return false;
    case "group":
      return (
        groupId !== undefined && standings.some(({ role, groupIds }) => role === "consumer" && isOf(groupIds, groupId))
      );
    case "operators":
      return has("operator") || has("admin");
    case "admins":
      return groupId === undefined && has("admin");
    case "deciders":
      return has("admin") || standings.some((standing) => decides(catalogue, standing, notice));
  }
}

const isOf = (ids: readonly string[] | undefined, id: string): boolean => ids?.includes(id) ?? false;

/** A provider that is limited to some apis decides about subscriptions of these alone. */
function decides(
  catalogue: FileMailDependencies["catalogue"],
  { role, apiIds }: Standing,
  { apiId, subscriptionId }: Notice,
): boolean {
  if (role !== "provider") return false;
  if (apiIds === undefined) return true;
  if (apiId !== undefined) return apiIds.includes(apiId);
  const subscription = subscriptionId === undefined ? undefined : catalogue.subscription(subscriptionId);
  const names = subscription ? [...subscription.eventTypes, ...(subscription.requestedEventTypes ?? [])] : [];
  return names.length > 0 && names.every((name) => isOf(apiIds, catalogue.eventType(name)?.apiId ?? ""));
}
