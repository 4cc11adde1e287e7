/**
 * Ships the audit. It reads on from a cursor, sends the new entries, and moves the cursor once the target has them. So
 * every entry arrives at least once and in order. An entry that arrives twice has the same id. One batch is under way
 * at a time, so a slow target slows the reading.
 */
import { setTimeout as delay } from "node:timers/promises";
import type { AuditEntry } from "../../../store/model.js";
import { StoreError } from "../../../store/store-error.js";
import type { Store } from "../../../store/store.js";
import type { CursorFile, ShipCursor } from "./cursor.js";
import type { Sent, ShipTarget } from "./target.js";

/** Entries, and characters of JSON, in one batch. */
const BATCH = { entries: 100, characters: 1_000_000 };
const PAUSE_MS = { first: 1_000, most: 60_000 };
/** So often one batch is tried when the audit is not followed. That takes some six minutes. */
const TRIES = 10;
const LOOK_EVERY_MS = 2_000;

export interface ShipOptions {
  audit: Pick<Store["audit"], "after" | "reached">;
  target: ShipTarget;
  cursor: CursorFile;
  /** Goes on until it is stopped, instead of ending with the last entry. */
  follow: boolean;
  signal: AbortSignal;
  say: (line: string) => void;
  lookEveryMs?: number;
  /** Longest pause between two tries, milliseconds. */
  mostPauseMs?: number;
}

/**
 * The audit in the database is not the one that was shipped before. Entries are missing, or others are in their place.
 */
export class AuditBrokenError extends Error {}

/**
 * Ships until the end, or until the signal. Gives how many entries the target took.
 * @throws AuditBrokenError, StoreError, and Error when the target refuses for good
 */
export async function shipAudit(options: ShipOptions): Promise<{ shipped: number; head: ShipCursor }> {
  const { audit, target, cursor, follow, signal, lookEveryMs = LOOK_EVERY_MS } = options;
  let at = cursor.read();
  let shipped = 0;
  await assertSame(audit, at);
  while (!signal.aborted) {
    const batch = await nextBatch(options, at);
    if (batch.length === 0) {
      if (!follow) break;
      await delay(lookEveryMs, undefined, { signal }).catch(() => undefined);
      continue;
    }
    if (!(await sendUntilTaken(options, batch))) break;
    at = { target: target.name, ...placeOf(batch.at(-1)) };
    cursor.write(at);
    shipped += batch.length;
  }
  return { shipped, head: at };
}

const placeOf = (entry: AuditEntry | undefined): { seq: number; mac: string } => ({
  seq: Number(entry?.id.slice(4)),
  mac: entry?.mac ?? "",
});

/** The shipped entries must still exist unchanged. */
async function assertSame(audit: ShipOptions["audit"], at: ShipCursor): Promise<void> {
  if (at.seq === 0) return;
  const [entry] = await audit.after(at.seq - 1, 1);
  if (entry?.mac !== at.mac)
    throw new AuditBrokenError(
      `Entry ${at.seq} was shipped and is ${entry ? "another one" : "not there any more"}: the ` +
        "audit was changed or set back. Run audit:verify --against the shipped copy.",
    );
}

async function nextBatch({ audit, follow, say, signal }: ShipOptions, at: ShipCursor): Promise<AuditEntry[]> {
  let entries: AuditEntry[];
  try {
    entries = await audit.after(at.seq, BATCH.entries);
  } catch (error) {
    if (!follow || !(error instanceof StoreError) || error.code !== "unavailable") throw error;
    say("The store does not answer; it is asked again.");
    await delay(PAUSE_MS.first, undefined, { signal }).catch(() => undefined);
    return [];
  }
  if (entries.length === 0 && (await audit.reached()) > at.seq) {
    // One that was being written between the two questions is there now.
    entries = await audit.after(at.seq, BATCH.entries);
    if (entries.length === 0)
      throw new AuditBrokenError(`Entry ${at.seq + 1} is missing, and later ones were there: run audit:verify.`);
  }
  let before = at.mac;
  for (const entry of entries) {
    if (entry.prev !== before)
      throw new AuditBrokenError(`Entry ${placeOf(entry).seq} does not follow the one before it: run audit:verify.`);
    before = entry.mac ?? "";
  }
  return bounded(entries);
}

function bounded(entries: AuditEntry[]): AuditEntry[] {
  let size = 0;
  const fitting = entries.findIndex((entry) => (size += JSON.stringify(entry).length) > BATCH.characters);
  return fitting < 0 ? entries : entries.slice(0, Math.max(1, fitting));
}

/** False when it was stopped meanwhile. */
async function sendUntilTaken(
  { target, follow, signal, say, mostPauseMs = PAUSE_MS.most }: ShipOptions,
  batch: AuditEntry[],
): Promise<boolean> {
  for (let tries = 1; ; tries++) {
    const sent: Sent = await target.send(batch);
    if (sent.ok) return true;
    if (!sent.retry || (!follow && tries >= TRIES))
      throw new Error(
        `The audit is not shipped beyond entry ${placeOf(batch[0]).seq - 1}: ${sent.reason}. Nothing ` +
          "is lost; run it again when that is mended.",
      );
    const pause = sent.retryAfterMs ?? Math.min(PAUSE_MS.first * 2 ** (tries - 1), mostPauseMs);
    say(`${target.name}: ${sent.reason}; tried again in ${Math.round(pause / 1_000)} s.`);
    // It never comes before the time that the collector named (RFC 9110, 10.2.3). Our own pause may be a little
    // shorter.
    await delay(
      pause * (sent.retryAfterMs === undefined ? 0.8 + 0.2 * Math.random() : 1 + 0.1 * Math.random()),
      undefined,
      { signal },
    ).catch(() => undefined);
    if (signal.aborted) return false;
  }
}
