/**
 * The activity behind the workflow `notices`. A notice becomes an event of the api `sealpost` for the groups that take
 * it, mail for people, and messages to chat channels. A notice leaves the outbox last. If the process dies before, then
 * the same event id and the same ids of lines show what was done already.
 */
import type { Logger } from "pino";
import { dataOf, noticeGroups } from "../../catalogue/notices/notice-event.js";
import { eventTypeOf, OWN_API_ID } from "../../catalogue/notices/own-api.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { Metrics } from "../../metrics.js";
import type { WaitingNotice } from "../../store/notices/notices.js";
import type { Store } from "../../store/store.js";
import { MINUTE_MS } from "../../workflows/durations.js";
import type { NoticesActivities } from "../../workflows/notices/notices-contract.js";

/** An event for one or several groups, and what became of it. It is the publisher's part that this needs. */
export type PublishNotice = (
  events: { id: string; type: string; contentType: string; body: Uint8Array; groups: string[] }[],
) => Promise<({ ok: true } | { ok: false; code: "event_id_conflict" | "erased" | "unavailable" })[]>;

export interface TellNoticesDependencies {
  store: Pick<Store, "notices" | "blindIndex">;
  catalogue: Pick<Catalogue, "refresh" | "routes" | "subscription" | "group" | "eventType">;
  metrics: Pick<Metrics, "noticesTold">;
  log: Pick<Logger, "warn">;
  publish: PublishNotice;
  /** Files mail about them, and messages to chat channels. Whoever gets none costs nothing. */
  fileMail?: (notices: readonly WaitingNotice[]) => Promise<void>;
  fileChat?: (notices: readonly WaitingNotice[]) => Promise<void>;
  now?: () => Date;
}

const AT_ONCE = 100;
/** A notice that cannot be told is given up after so many tries, so that it is not tried for ever. */
const MOST_TRIES = 10;

export function createTellNotices(dependencies: TellNoticesDependencies): NoticesActivities {
  const { store, catalogue, metrics, log, publish, fileMail, fileChat, now = () => new Date() } = dependencies;

  /** The event of a notice, and its groups. Undefined when nobody takes it. */
  function eventFor(notice: WaitingNotice): Parameters<PublishNotice>[0][number] | undefined {
    const type = eventTypeOf(notice.kind);
    // An api that was there before has the name (src/workers/notices/own-api.ts). Its consumers are not told.
    if (catalogue.eventType(type)?.apiId !== OWN_API_ID) return undefined;
    const groups = noticeGroups(catalogue, notice);
    if (groups.length === 0) return undefined;
    return {
      id: noticeEventId(store, notice.id),
      type,
      contentType: "application/json",
      body: Buffer.from(JSON.stringify(dataOf(notice))),
      groups,
    };
  }

  /** Gives the ids of the notices that are told. */
  async function publishAll(due: readonly WaitingNotice[]): Promise<{ told: string[]; published: number }> {
    const orders = due.map((notice) => ({ notice, event: eventFor(notice) }));
    const wanted = orders.flatMap(({ notice, event }) => (event ? [{ notice, event }] : []));
    const results = wanted.length === 0 ? [] : await publish(wanted.map(({ event }) => event));
    const left = new Set<string>();
    for (const [index, { notice }] of wanted.entries()) {
      const result = results[index];
      if (result?.ok) continue;
      const code = result?.code ?? "unavailable";
      if (code === "unavailable" && notice.tries < MOST_TRIES) {
        left.add(notice.id);
        await store.notices.postpone(notice.id, new Date(now().getTime() + MINUTE_MS * (notice.tries + 1)));
      } else if (code !== "erased")
        log.warn({ notice: notice.id, code }, "a notice could not be published and is given up");
    }
    const told = due.filter(({ id }) => !left.has(id)).map(({ id }) => id);
    return { told, published: wanted.length - left.size };
  }

  return {
    async tellNotices() {
      const due = await store.notices.due(AT_ONCE, now());
      if (due.length === 0) return { published: 0, others: 0, more: false };
      // A group that takes operational events since a moment ago must get this one.
      await catalogue.refresh();
      const { told, published } = await publishAll(due);
      const done = new Set(told);
      const filed = due.filter(({ id }) => done.has(id));
      await fileMail?.(filed);
      await fileChat?.(filed);
      await store.notices.settle(told);
      metrics.noticesTold.inc({ as: "event" }, published);
      metrics.noticesTold.inc({ as: "nothing" }, told.length - published);
      return { published, others: told.length - published, more: due.length === AT_ONCE };
    },
  };
}

/**
 * Always the same for the same notice. Nobody who publishes events of their own can know it beforehand and take the id.
 */
export const noticeEventId = (store: Pick<Store, "blindIndex">, noticeId: string): string =>
  `ntc_${Buffer.from(store.blindIndex("notice", noticeId)).toString("base64url")}`;
