/**
 * The chain of the audit's entries. Each entry carries a MAC over its whole document and over the MAC before it, under
 * the installation's pepper. An attacker who has only the database can neither change, add, remove, swap or insert an
 * entry, nor make the chain anew.
 */
import { BSON } from "mongodb";
import type { AuditMark } from "./audit-mark.js";

/** Gives HMAC-SHA-256 of the text under the pepper, with a label of its own. */
export type Mac = (label: string, text: string) => Uint8Array;

/** An entry at rest. `detail` is JSON text, because its field names may be any and FerretDB refuses some. */
export interface AuditDocument {
  /** `aud_` and the number in the chain, with 16 digits. Entries from before the chain have a ULID instead. */
  _id: string;
  at: Date;
  actor: string;
  action: string;
  subject: string;
  detail?: string;
  /** Id of the entry by which the act was begun. */
  intent?: string;
  /** MAC of the entry before, base64url. Empty for the first entry. */
  prev?: string;
  mac?: string;
}
/** The last known entry. It is stored outside of the chain, so that a shortened chain is noticed. */
export interface AuditHeadDocument {
  _id: "head";
  seq: number;
  mac: string;
  seal: string;
}

const ID = /^aud_(\d{16})$/;
export const auditIdOf = (seq: number): string => `aud_${String(seq).padStart(16, "0")}`;
/** The number in the chain. Undefined for an entry from before the chain. */
export const seqOf = (id: string): number | undefined => (ID.test(id) ? Number(id.slice(4)) : undefined);

const base64url = (bytes: Uint8Array): string => Buffer.from(bytes).toString("base64url");
/** Each field with its length in front, so that no two entries read the same. */
const joined = (fields: readonly string[]): string =>
  fields.map((field) => `${Buffer.byteLength(field)}:${field}`).join("");

/**
 * The MAC of an entry at its place. A document that this service would not write has a text that no entry of this
 * service has.
 */
export function macOf(mac: Mac, document: AuditDocument, prev: string): string {
  const { _id, at, actor, action, subject, detail, intent } = document;
  if (!isOurs(document))
    return base64url(mac("audit-chain-foreign", joined([BSON.EJSON.stringify(document, { relaxed: false }), prev])));
  return base64url(
    mac(
      "audit-chain",
      joined([
        _id,
        at.toISOString(),
        actor,
        action,
        subject,
        detail === undefined ? "0" : "1",
        detail ?? "",
        prev,
        ...(intent === undefined ? [] : ["intent", intent]),
      ]),
    ),
  );
}

const TEXTS: readonly string[] = ["_id", "actor", "action", "subject", "detail", "intent", "prev", "mac"];
/** Whether the document has only the members and types that the MAC covers. An added member must not pass unnoticed. */
function isOurs(document: AuditDocument): boolean {
  const { at } = document;
  return (
    at instanceof Date &&
    !Number.isNaN(at.getTime()) &&
    Object.entries(document).every(
      ([name, value]) => name === "at" || value === undefined || (TEXTS.includes(name) && typeof value === "string"),
    )
  );
}

export const headSeal = (mac: Mac, head: Pick<AuditHeadDocument, "seq" | "mac">): string =>
  base64url(mac("audit-head", `${head.seq}:${head.mac}`));

/** What the first entry of the chain says about the entries from before it: their number and a MAC over all of them. */
export function digestOfEarlier(mac: Mac) {
  let [count, digest] = [0, ""];
  return {
    add: (document: AuditDocument): void => {
      count++;
      digest = macOf(mac, document, digest);
    },
    result: () => ({ unchained: count, digest }),
  };
}

/** What a verification found. */
export type AuditVerification = {
  /** Entries of the chain, up to the fault. */
  chained: number;
  /** Entries from before the chain. */
  unchained: number;
  /** The last good entry. An operator stores it elsewhere and gives it as `expect` the next time. */
  head: { seq: number; mac: string };
  /** Ids of entries that begin an act without a recorded outcome. The act is under way, or it has to be completed. */
  open: string[];
} & ({ ok: true } | { ok: false; fault: AuditFault; seq: number });
/**
 * `missing`: the entry with this number does not exist. `changed`: it differs from what was written, or it is at
 * another place. `cut_short`: the chain once reached this number. `head`: the record of the last entry was not written
 * by this service. `mark`: the high-water mark is missing or was not written by this service. `unchained`: the entries
 * from before the chain are not those that it began with.
 */
export const AUDIT_FAULTS = ["missing", "changed", "cut_short", "head", "mark", "unchained"] as const;
export type AuditFault = (typeof AUDIT_FAULTS)[number];

/** What a chain is checked against. */
export interface ChainWitnesses {
  mac: Mac;
  head: AuditHeadDocument | undefined;
  mark: Awaited<ReturnType<AuditMark["read"]>>;
  /** A head that was noted elsewhere. */
  expect?: { seq: number; mac: string };
}

/** Checks all entries by ascending id. Those of the chain come first. */
export async function verifyChain({
  entries,
  mac,
  head,
  mark,
  expect,
}: ChainWitnesses & { entries: AsyncIterable<AuditDocument> }): Promise<AuditVerification> {
  const known = [head, mark, expect].filter((each) => typeof each === "object");
  const earlier = digestOfEarlier(mac);
  const open = createOpenIntents();
  let last = { seq: 0, mac: "" };
  let beginning: string | undefined;
  const failed = (fault: AuditFault, seq: number): AuditVerification => ({
    ok: false,
    fault,
    seq,
    chained: last.seq,
    unchained: earlier.result().unchained,
    head: last,
    open: open.ids(),
  });

  for await (const entry of entries) {
    const seq = seqOf(entry._id);
    if (seq === undefined) {
      earlier.add(entry);
      continue;
    }
    if (seq !== last.seq + 1) return failed("missing", last.seq + 1);
    if (entry.prev !== last.mac || entry.mac !== macOf(mac, entry, last.mac)) return failed("changed", seq);
    if (known.some((each) => each.seq === seq && each.mac !== entry.mac)) return failed("changed", seq);
    open.follow(entry);
    if (seq === 1) beginning = entry.detail;
    last = { seq, mac: entry.mac };
  }
  if (head ? head.seal !== headSeal(mac, head) : last.seq > 0) return failed("head", last.seq);
  if (typeof mark === "string") return failed("mark", last.seq);
  const reached = Math.max(0, ...known.map(({ seq }) => seq));
  if (reached > last.seq) return failed("cut_short", reached);
  const { unchained } = earlier.result();
  if (beginning !== undefined && beginning !== JSON.stringify(earlier.result())) return failed("unchained", 1);
  return { ok: true, chained: last.seq, unchained, head: last, open: open.ids() };
}

/** The action of an entry that begins an act. The entry with the outcome names it as its `intent`. */
export const INTENT_ACTION = "act.begin";

/**
 * Which acts were begun and not ended, of entries that are given in their order. Holds no more than are open at a time.
 */
export function createOpenIntents() {
  const open = new Map<string, AuditDocument>();
  return {
    follow(entry: AuditDocument): void {
      if (entry.intent !== undefined) open.delete(entry.intent);
      if (entry.action === INTENT_ACTION) open.set(entry._id, entry);
    },
    ids: () => [...open.keys()],
    entries: () => [...open.values()],
  };
}
