/** The audit. Entries are written once and never changed, and each is chained to the one before (audit-chain.ts). */
import type { Collection, Filter } from "mongodb";
import { createAppender } from "./audit-appender.js";
import {
  type AuditDocument,
  type AuditHeadDocument,
  auditIdOf,
  INTENT_ACTION,
  type Mac,
  verifyChain,
} from "./audit-chain.js";
import { createIntentFollower, type IntentCheckpointDocument } from "./audit-intents.js";
import type { AuditMark } from "./audit-mark.js";
import { guarded } from "../mongo/driver-errors.js";
import type { Exclusive } from "../mongo/exclusive.js";
import { findPage, within } from "../mongo/paging.js";
import type { AuditEntry } from "../model.js";
import type { Scan } from "../mongo/scans.js";
import type { Store } from "../store.js";

export interface AuditDependencies {
  entries: Collection<AuditDocument>;
  heads: Collection<AuditHeadDocument>;
  mark: AuditMark;
  checkpoints: Collection<IntentCheckpointDocument>;
  ferretDb: boolean;
  /** A MAC under the pepper. See audit-chain.ts. */
  mac: Mac;
  /** A lock over all processes, on every engine. */
  exclusive: Exclusive;
  scan: Scan;
}

/** The audit over its collections. */
export function createAuditStore({
  entries,
  heads,
  mark,
  checkpoints,
  mac,
  exclusive,
  scan,
  ferretDb,
}: AuditDependencies): Store["audit"] {
  const findHead = async () => (await guarded((within) => heads.findOne({ _id: "head" }, within))) ?? undefined;
  const append = createAppender({ entries, heads, mark, mac, findHead });
  const intents = createIntentFollower({ entries, checkpoints, ferretDb });
  async function reached(): Promise<number> {
    const [head, marked] = await Promise.all([findHead(), mark.read()]);
    return Math.max(head?.seq ?? 0, typeof marked === "object" ? marked.seq : 0);
  }
  return {
    append,
    unsettled: async () => (await intents.open()).map(toEntry),
    settle: (entry) =>
      exclusive(`audit/${entry.intent}`, async () => {
        if (!(await intents.open()).some(({ _id }) => _id === entry.intent)) return false;
        await append(entry);
        return true;
      }),
    async list(page, wanted = {}) {
      // What began an act says nothing more once its outcome is on record.
      const open = wanted.action === undefined ? (await intents.open()).map(({ _id }) => _id) : [];
      const filter = conditions(wanted, open);
      const { data, ...rest } = await findPage({ collection: entries, timeField: "at", filter, page, scan });
      return { data: data.map(toEntry), ...rest };
    },
    async after(seq, limit) {
      const read = (number: number) => guarded((within) => entries.findOne({ _id: auditIdOf(number) }, within));
      const first = await read(seq + 1);
      if (!first) return [];
      const count = Math.min(limit, Math.max(1, (await reached()) - seq));
      const found = [
        first,
        ...(await Promise.all(Array.from({ length: count - 1 }, (_none, index) => read(seq + 2 + index)))),
      ];
      const end = found.indexOf(null);
      return found.slice(0, end < 0 ? found.length : end).flatMap((document) => (document ? [toEntry(document)] : []));
    },
    reached,
    async *all() {
      for await (const document of entries.find().sort({ _id: 1 })) yield toEntry(document);
    },
    async verify(expect) {
      // This is read first. Entries that are appended meanwhile come after it.
      const [head, marked] = await Promise.all([findHead(), mark.read()]);
      return verifyChain({
        mac,
        entries: entries.find().sort({ _id: 1 }),
        head,
        mark: marked,
        ...(expect && { expect }),
      });
    },
  };
}

type ListFilter = NonNullable<Parameters<Store["audit"]["list"]>[1]>;

/**
 * The conditions of a list. If no action is asked for, then entries that began an act are listed only while the act is
 * open.
 */
function conditions(
  { actor, action, actionPrefix, q, subject, since, until }: ListFilter,
  open: readonly string[],
): Filter<AuditDocument>[] {
  const exact = Object.entries({ actor, action, subject })
    .filter(([, value]) => value !== undefined)
    .map(([field, value]) => ({ [field]: value }));
  const telling: Filter<AuditDocument>[] =
    action === undefined ? [{ $or: [{ action: { $ne: INTENT_ACTION } }, ...open.map((_id) => ({ _id }))] }] : [];
  const begins: Filter<AuditDocument>[] =
    actionPrefix === undefined ? [] : [{ action: { $gte: actionPrefix, $lt: `${actionPrefix}\uffff` } }];
  const about: Filter<AuditDocument>[] = q === undefined ? [] : [{ $or: namedBy(q) }];
  return [...exact, ...begins, ...about, ...telling, ...within<AuditDocument>("at", since, until)];
}

/** An actor is found by its id alone too: `key:key_…` by `key_…`. */
const namedBy = (id: string): Filter<AuditDocument>[] => [
  { _id: id },
  { subject: id },
  { actor: { $in: [id, ...["key", "person"].map((kind) => `${kind}:${id}`)] } },
];

function toEntry({ _id: id, at, actor, action, subject, detail, intent, prev, mac }: AuditDocument): AuditEntry {
  return {
    id,
    at,
    actor,
    action,
    subject,
    ...(detail !== undefined && { detail: JSON.parse(detail) as Record<string, unknown> }),
    ...(intent !== undefined && { intent }),
    ...(prev !== undefined && mac !== undefined && { prev, mac }),
  };
}
