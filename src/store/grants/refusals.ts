/**
 * Reports refused rows. Each row is reported once a minute, so that one bad row in a busy place does not flood the log.
 */
import type { RefusedRow } from "./signed-rows.js";

/** `pepper` of `settings` may be `exchanged`. */
export type RowRefusal = Omit<RefusedRow, "why"> & { why: RefusedRow["why"] | "exchanged" };
export type RefusalListener = (refusal: RowRefusal) => void;

const AGAIN_MS = 60_000;
/** So many rows are remembered. An attacker who writes to the database can make as many bad ones as they like. */
const MOST = 1_000;

export function createRefusals(): { refused: RefusalListener; onRefused: (listener: RefusalListener) => void } {
  const told = new Map<string, number>();
  const listeners: RefusalListener[] = [];
  /** Rows that were refused during the start, before there was a listener. */
  let early: RowRefusal[] = [];
  return {
    refused(refusal) {
      const key = JSON.stringify([refusal.collection, refusal.id, refusal.why]);
      const now = Date.now();
      if (now - (told.get(key) ?? -Infinity) < AGAIN_MS) return;
      if (told.size >= MOST) told.clear();
      told.set(key, now);
      if (listeners.length === 0) early = [...early, refusal].slice(-MOST);
      for (const listener of listeners) listener(refusal);
    },
    onRefused(listener) {
      listeners.push(listener);
      for (const refusal of early.splice(0)) listener(refusal);
    },
  };
}
