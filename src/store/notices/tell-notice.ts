/** Tells of a happening without being in the way of it. */
import type { Logger } from "pino";
import type { Store } from "../store.js";
import type { Notice } from "./notice.js";

const PAUSES_MS = [1_000, 10_000, 60_000];
/** So many wait in this process for a store that does not answer. Further ones are lost, and the log says so. */
const MOST_WAITING = 1_000;
let waiting = 0;

export interface Telling {
  store: Pick<Store, "notices">;
  log: Pick<Logger, "warn">;
}

/**
 * Puts the notice into the outbox, and returns at once. The caller waits for nothing and catches nothing. If the store
 * does not answer, then it is tried again for about a minute.
 */
export function tellNotice(store: Telling["store"], notice: Notice, log: Telling["log"]): void {
  void tell({ store, log }, notice, 0);
}

async function tell({ store, log }: Telling, notice: Notice, tries: number): Promise<void> {
  const { id, kind } = notice;
  try {
    if ((await store.notices.add(notice)) === "full")
      log.warn({ notice: id, kind }, "a notice is lost, because too many wait to be told; look for the cause of these");
  } catch (error) {
    const pause = PAUSES_MS[tries];
    if (pause === undefined || waiting >= MOST_WAITING) {
      log.warn({ err: error, notice: id, kind }, "a notice is lost, because the store does not answer");
      return;
    }
    waiting++;
    setTimeout(() => {
      waiting--;
      void tell({ store, log }, notice, tries + 1);
    }, pause).unref();
  }
}
