/** A delivery as it lies in the database, and back. */
import { Binary, type Long } from "mongodb";
import { eventOfDelivery } from "../../workflows/event-id.js";
import type { DataKey, KeyScope, SealContext } from "../sealing/data-key.js";
import type { Keyring } from "../sealing/keyring.js";
import type { Attempt, AttemptDetail, Delivery } from "../model.js";
import { StoreError } from "../store-error.js";

/** Attempts that a delivery keeps, the newest ones. */
export const ATTEMPTS_KEPT = 50;

/**
 * A delivery at rest. Attempts are stored under their number, so that a second record of the same attempt (by a retried
 * activity) changes nothing. Their details are stored apart, so that lists can leave them out. The event id, escaped,
 * is the first part of `_id`.
 */
export interface DeliveryDocument extends Omit<Delivery, "id" | "eventId" | "attempts"> {
  _id: string;
  /** Absent, like `apiId`, in documents of earlier releases until delivery-backfill.ts has filled it in. */
  eventId?: string;
  /**
   * `<time> <outcome> <status or -> <milliseconds>`. As one text a delivery takes FerretDB 0.12 ms to insert, and as
   * four fields 0.16 ms.
   */
  attempts?: Record<string, string>;
  /** The newest attempt, for filters. Absent without an attempt, and in documents of earlier releases. */
  last?: LastAttempt;
  /** Sealed JSON of the detail of each attempt. */
  details?: Record<string, Binary>;
  /** The number of changes so far. None when absent. Each change is a compare-and-set on it. */
  seq?: number;
  /** Only on FerretDB: the sequence numbers that earlier changes have used (delivery-changes.ts). */
  spent?: Record<string, Long>;
  /** It is being removed by its age, and takes no change any more (src/store/retention). */
  removing?: Date;
}
/** The newest attempt as filters find it. One field, because each field of an insert costs FerretDB some 0.01 ms. */
export interface LastAttempt {
  outcome: string;
  /** HTTP status, when there was an answer. */
  status?: number;
  /** Duration in milliseconds. */
  ms: number;
}
type Found = DeliveryDocument;

/** What lists and changes leave out when they read. */
export const WITHOUT_DETAILS = { details: 0, spent: 0 };

/** Whose key seals the details of attempts. */
export const scopeOf = ({ groupId }: { groupId: string }): KeyScope => `group/${groupId}`;
/** The document without its sealed part. */
export const bare = ({ detail: _detail, ...attempt }: Attempt): Attempt => attempt;

const detailOf = (id: string, number: number | string, owner: KeyScope): SealContext => ({
  collection: "deliveries",
  id,
  field: `attempts.${number}`,
  owner,
});

/** Undefined when there is nothing to seal, or nothing may be kept any more. */
export function sealDetail(
  id: string,
  groupId: string | undefined,
  attempt: Attempt,
  keys: Map<KeyScope, DataKey>,
): Binary | undefined {
  if (!attempt.detail) return undefined;
  if (groupId === undefined) throw new Error(`the attempt detail of ${id} needs the groupId that seals it`);
  const owner = scopeOf({ groupId });
  const key = keys.get(owner);
  // The group was deleted while the attempt was under way.
  if (!key) return undefined;
  return new Binary(key.seal(detailOf(id, attempt.number, owner), Buffer.from(JSON.stringify(attempt.detail))));
}

/** As it is inserted. */
export function documentOf(delivery: Delivery, keys: Map<KeyScope, DataKey>): DeliveryDocument {
  const { id, attempts, ...fields } = delivery;
  const document: DeliveryDocument = { _id: id, ...fields };
  for (const attempt of attempts.slice(-ATTEMPTS_KEPT)) {
    (document.attempts ??= {})[attempt.number] = attemptSummaryOf(attempt);
    const sealed = sealDetail(id, delivery.groupId, attempt, keys);
    if (sealed) (document.details ??= {})[attempt.number] = sealed;
  }
  const newest = attempts.at(-1);
  if (newest) document.last = lastAttemptOf(newest);
  return document;
}

export const attemptSummaryOf = ({ at, outcome, status, durationMs }: Attempt): string =>
  `${at.toISOString()} ${outcome} ${status ?? "-"} ${durationMs}`;

export const lastAttemptOf = ({ outcome, status, durationMs }: Attempt): LastAttempt => ({
  outcome,
  ...(status !== undefined && { status }),
  ms: durationMs,
});

function attemptOf(number: number, summary: string): Attempt {
  const [at = "", outcome = "", status = "-", durationMs] = summary.split(" ");
  return {
    number,
    at: new Date(at),
    outcome,
    ...(status !== "-" && { status: Number(status) }),
    durationMs: Number(durationMs),
  };
}

/** Everything but the details. */
export function deliveryOf(document: Found): Delivery {
  const {
    _id: id,
    attempts,
    last: _last,
    details: _details,
    seq: _seq,
    spent: _spent,
    removing: _mark,
    ...fields
  } = document;
  const numbered = Object.entries(attempts ?? {}).map(([number, summary]) => attemptOf(Number(number), summary));
  return {
    id,
    ...fields,
    eventId: document.eventId ?? eventOfDelivery(id),
    attempts: numbered.sort((a, b) => a.number - b.number),
  };
}

/** With the details. */
export async function openDelivery(document: Found, keyring: Keyring): Promise<Delivery> {
  const delivery = deliveryOf(document);
  const attempts = await Promise.all(
    delivery.attempts.map(async (attempt): Promise<Attempt> => {
      const detail = await openDetail(document, attempt.number, keyring);
      return detail ? { ...attempt, detail } : attempt;
    }),
  );
  return { ...delivery, attempts };
}

/** Undefined when the detail was erased with its data key. */
async function openDetail(document: Found, number: number, keyring: Keyring): Promise<AttemptDetail | undefined> {
  const sealed = document.details?.[number]?.value();
  if (!sealed) return undefined;
  try {
    const opened = (await keyring.forSealed(sealed)).open(detailOf(document._id, number, scopeOf(document)), sealed);
    return JSON.parse(Buffer.from(opened).toString("utf8")) as AttemptDetail;
  } catch (error) {
    if (error instanceof StoreError && error.code === "key_destroyed") return undefined;
    throw error;
  }
}
