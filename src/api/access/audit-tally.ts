/**
 * Acts that come in bunches. The first one is recorded before it is answered. The others of the same minute become one
 * entry with their number.
 */
import type { Logger } from "pino";
import type { Store } from "../../store/store.js";

export interface TalliedAct {
  actor: string;
  action: string;
  subject: string;
  /** Summed up over the acts. */
  counts: Readonly<Record<string, number>>;
  /** Ids that were touched, each named once. */
  names?: Readonly<Record<string, readonly string[]>>;
}

export interface AuditTally {
  /** @throws StoreError when the first act of a bunch cannot be recorded. What is not on record must not be done */
  record(act: TalliedAct): Promise<void>;
  /** Records what has been counted so far. */
  close(): Promise<void>;
}

interface Tally {
  acts: number;
  counts: Record<string, number>;
  names: Record<string, Set<string>>;
}
interface Bunch extends Tally {
  act: Pick<TalliedAct, "actor" | "action" | "subject">;
  /** The entry of the first act. The others wait for it. */
  opened: Promise<unknown>;
  timer: NodeJS.Timeout;
}

const BUNCH_MS = 60_000;
/** So many names are listed in one entry. Further ones are only counted. */
const MAX_NAMES = 20;

/** A tally over the audit of one process. `bunchMs` is how long acts are counted together. @default one minute */
export function createAuditTally({
  store,
  log,
  bunchMs = BUNCH_MS,
}: {
  store: Pick<Store, "audit">;
  log: Pick<Logger, "error">;
  bunchMs?: number;
}): AuditTally {
  const bunches = new Map<string, Bunch>();

  async function end(key: string): Promise<void> {
    const bunch = bunches.get(key);
    if (!bunch) return;
    bunches.delete(key);
    clearTimeout(bunch.timer);
    // Acts that wait for the entry of the first one are counted only then.
    await bunch.opened.catch(() => undefined);
    if (bunch.acts > 0) await store.audit.append({ ...bunch.act, detail: detailOf(bunch) });
  }
  const endSoon = (key: string): void =>
    void end(key).catch((error: unknown) =>
      log.error({ err: error, tally: key }, "acts that were counted could not be recorded in the audit"),
    );

  return {
    async record({ actor, action, subject, counts, names = {} }) {
      const key = JSON.stringify([actor, action, subject]);
      const known = bunches.get(key);
      if (known) {
        await known.opened;
        return add(known, counts, names);
      }
      const first: Tally = { acts: 0, counts: {}, names: {} };
      add(first, counts, names);
      const opened = store.audit.append({ actor, action, subject, detail: detailOf(first) });
      const bunch: Bunch = {
        act: { actor, action, subject },
        acts: 0,
        counts: {},
        names: {},
        opened,
        timer: setTimeout(endSoon, bunchMs, key).unref(),
      };
      bunches.set(key, bunch);
      await opened.catch((error: unknown) => {
        bunches.delete(key);
        clearTimeout(bunch.timer);
        throw error;
      });
    },
    close: async () => {
      await Promise.all([...bunches.keys()].map(end));
    },
  };
}

function add(bunch: Tally, counts: TalliedAct["counts"], names: NonNullable<TalliedAct["names"]>): void {
  bunch.acts++;
  for (const [name, count] of Object.entries(counts)) bunch.counts[name] = (bunch.counts[name] ?? 0) + count;
  for (const [name, values] of Object.entries(names)) {
    const kept = (bunch.names[name] ??= new Set());
    for (const value of values) if (kept.size < MAX_NAMES) kept.add(value);
  }
}

const detailOf = ({ acts, counts, names }: Tally): Record<string, unknown> => ({
  acts,
  ...counts,
  ...Object.fromEntries(Object.entries(names).map(([name, values]) => [name, [...values].sort()])),
});
