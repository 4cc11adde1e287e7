/**
 * Keeps erasures in force. At the start, before anything is served, it erases again what is in the ledger. Shortly
 * after each erasure it erases what was under way then. It also writes the ledger to a second place, from which a
 * restored database gets it back.
 */
import { closeSync, existsSync, fsyncSync, openSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import type { Logger } from "pino";
import type { Metrics } from "../../metrics.js";
import type { Erasure } from "../../store/model.js";
import type { Store } from "../../store/store.js";
import { ledgerLine, parseLedger } from "./erasure-ledger.js";
import { makePrivateDirectory, narrowFile } from "../private-files.js";

export interface ErasureKeeperDependencies {
  store: Pick<Store, "erasures" | "blindIndex">;
  metrics: Pick<Metrics, "ownFailures">;
  log: Pick<Logger, "info" | "warn">;
  /** The second place of the ledger. There is none when absent. */
  file: string | undefined;
  /** Milliseconds between two looks at the latest erasures. */
  everyMs?: number;
}

const EVERY_MS = 60_000;
/** An attempt takes 30 s at most. If it is recorded after an erasure, then the looks within this time find it. */
const LATELY_MS = 5 * EVERY_MS;
/** The whole ledger again, in case that a part of the database is restored beside running processes. */
const WHOLE_EVERY_MS = 6 * 60 * 60_000;

/**
 * Resolves when everything in the ledger was done once, and no key is left that it says is destroyed. What a restore
 * brought back otherwise follows in the background.
 */
export async function startErasureKeeper({
  store,
  metrics,
  log,
  file,
  everyMs = EVERY_MS,
}: ErasureKeeperDependencies): Promise<{ stop(): void }> {
  const { erasures } = store;
  const copy = file === undefined ? undefined : createLedgerCopy(store, file, log);
  if (copy) {
    const entered = await erasures.enter(copy.read());
    if (entered > 0)
      log.warn(
        { file, entered },
        "the database is older than the ledger of erasures, so the erasures that it lacks are done again",
      );
  }
  const again = async (which: Parameters<typeof erasures.reapply>[0]): Promise<void> => {
    const found = await erasures.reapply(which);
    if (found > 0) log.warn({ erasures: found }, "something erased was there again, and is erased again");
  };
  // This runs before anything is served. Completed erasures are not repeated, so it is short, however long the ledger
  // is.
  await again({ pending: true });
  copy?.write(await erasures.entries());

  const stopping = new AbortController();
  const guarded = (work: Promise<void>): Promise<void> =>
    work.catch((error: unknown) => {
      metrics.ownFailures.inc({ part: "erasures" });
      log.warn({ err: error }, "erasures could not be looked after; tried again in a minute");
    });
  const loop = async (): Promise<void> => {
    for (let wholeAt = 0; ;) {
      const whole = Date.now() >= wholeAt;
      if (whole) wholeAt = Date.now() + WHOLE_EVERY_MS;
      const lately = new Date(Date.now() - LATELY_MS);
      await guarded(
        again(whole ? { byClock: true } : { since: lately }).then(async () =>
          copy?.write(await erasures.entries(whole ? undefined : lately)),
        ),
      );
      await delay(everyMs * (0.8 + 0.4 * Math.random()), undefined, { ref: false, signal: stopping.signal });
    }
  };
  loop().catch(() => undefined);
  // Before the minute is over the database may be gone.
  if (copy)
    erasures.onErasure(
      () => void guarded(erasures.entries(new Date(Date.now() - LATELY_MS)).then((entries) => copy.write(entries))),
    );
  return { stop: () => stopping.abort() };
}

/** The file. Lines are only ever appended to it, and several processes may share it. */
function createLedgerCopy(store: ErasureKeeperDependencies["store"], file: string, log: Pick<Logger, "warn">) {
  const written = new Set<string>();
  const nameOf = ({ target, at }: Erasure): string => `${target} ${at.getTime()}`;
  return {
    read(): Erasure[] {
      if (!existsSync(file)) return [];
      narrowFile(file);
      const { entries, refused } = parseLedger(store, readFileSync(file, "utf8"));
      if (refused.length > 0)
        log.warn(
          { file, lines: refused.slice(0, 20) },
          "lines of the ledger of erasures are not of this installation, or damaged, and are left out",
        );
      for (const entry of entries) written.add(nameOf(entry));
      return entries;
    },
    write(entries: Erasure[]): void {
      const missing = entries.filter((entry) => !written.has(nameOf(entry)));
      if (missing.length === 0) return;
      makePrivateDirectory(dirname(file));
      const handle = openSync(file, "a", 0o600);
      try {
        // A line break comes first, because a crash may have shortened the line before.
        writeFileSync(handle, `\n${missing.map((entry) => ledgerLine(store, entry)).join("")}`);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      for (const entry of missing) written.add(nameOf(entry));
    },
  };
}
