/**
 * Whose an event is, as its dispatch sees it. Pure functions, so that the model of the protocol (test/model) and the
 * dispatch decide by the same lines.
 */
import type { EventRecord } from "../store/model.js";
import type { PublishedEvent } from "../workflows/contract.js";

/**
 * A record made by the accepting process is taken on trust for so long. Later its owner is read. A process that found
 * the owner missing may then have taken the event over (src/api/publish/accept/existing-event.ts, after 15 s).
 */
export const OWNER_TRUSTED_MS = 10_000;

/**
 * `erased`: nothing of it is sent. `trust`: it is on record, and is this workflow's. `look`: it is on record, and its
 * owner is read first. `insert`: its record is made first, and tells whose it is. `insert-beside`: its record is made
 * while it is sent, because nobody else can have the id.
 */
export type EventClaim = "erased" | "trust" | "look" | "insert" | "insert-beside";

/** What has to be done before an event of a workflow's input is sent. */
export function claimOf(
  { recorded, ownId, tried, acceptedAt }: Pick<PublishedEvent, "recorded" | "ownId" | "tried" | "acceptedAt">,
  { rerun, erasedLately, now }: { rerun: boolean; erasedLately: boolean; now: number },
): EventClaim {
  // What was expunged a moment ago is on record, whatever its place in the input says.
  if (erasedLately) return "erased";
  const isOld = now - acceptedAt > OWNER_TRUSTED_MS;
  if (recorded) return rerun || isOld ? "look" : "trust";
  // An old one as well. Whoever reaches Temporal can start this very input again under the same workflow id, once that
  // has ended. One that was tried may be on record under another owner.
  return ownId && !tried && !rerun && !isOld ? "insert-beside" : "insert";
}

/**
 * What the record says about a workflow that has the event in its input. `foreign`: another workflow delivers it, and
 * this one drops it.
 */
export function ownershipOf(
  record: Pick<EventRecord, "owner" | "expungedAt"> | undefined,
  owner: string,
): "own" | "foreign" | "erased" {
  if (record?.owner !== owner) return "foreign";
  return record.expungedAt ? "erased" : "own";
}
