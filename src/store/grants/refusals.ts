/**
 * Who is told of rows that were refused: each of them once a minute, so that one bad row in a busy place is no flood.
 */
import type { RefusedRow } from "./signed-rows.js";

/** `pepper` of `settings` may be `exchanged`. */
export type RowRefusal = Omit<RefusedRow, "why"> & { why: RefusedRow["why"] | "exchanged" };
export type RefusalListener = (refusal: RowRefusal) => void;

const AGAIN_MS = 60_000;
/** Rows remembered; whoever can write to the database can make as many bad ones as it likes. */
const MOST = 1_000;

export function createRefusals(): { refused: RefusalListener; onRefused: (listener: RefusalListener) => void } {
  const told = new Map<string, number>();
  const listeners: RefusalListener[] = [];
  /** Of a start, before anybody listens. */
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
