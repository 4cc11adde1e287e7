import { afterAll, beforeAll, beforeEach, inject } from "vitest";
import { StoreError } from "../../../src/store/store-error.js";
import type { NewAuditEntry } from "../../../src/store/store.js";
import { thisProcess } from "../../../src/workers/process/process-name.js";
import { type RunningApi, startApi } from "../running-api.js";

export interface Entry {
  id: string;
  actor: string;
  action: string;
  subject: string;
  intent?: string;
  detail?: Record<string, unknown>;
}
export let api: RunningApi;
/** Which entries cannot be written: the store is away just then. */
export const away: { fails(entry: NewAuditEntry): boolean } = { fails: () => false };

export const isIntent = ({ action }: Pick<NewAuditEntry, "action">): boolean => action === "act.begin";
/**
 * The entries of the chain behind this number. Reading all of some thousand entries for each of a hundred tests would
 * cost more than the tests.
 */
export async function chain(after: number): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (
    let some = await api.store.audit.after(after, 100);
    some.length > 0;
    some = await api.store.audit.after(after + entries.length, 100)
  )
    entries.push(...some);
  return entries;
}
export async function count(): Promise<number> {
  const reached = await api.store.audit.reached();
  return reached + (await chain(reached)).length;
}
/** Outcomes of earlier acts may be recorded meanwhile: this process tries them again. */
export const begun = async (after: number) => (await chain(after)).filter(({ intent }) => intent === undefined);
let names = 0;
/** A group's id that nobody has had yet. */
export const groupIdOf = (): string => `grp_${String(++names).padStart(26, "0")}`;
export const name = (): string => `intent-${++names}`;

/** What each of the files needs that begin with `act-intents`: call it once at the top. */
export function setUpActIntents(): void {
  beforeAll(async () => {
    api = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      settings: { process: thisProcess() },
      between: (store) => {
        const append = (entry: NewAuditEntry) =>
          away.fails(entry)
            ? Promise.reject(new StoreError("unavailable", "MongoDB does not answer."))
            : store.audit.append(entry);
        return { ...store, audit: { ...store.audit, append } };
      },
    });
  });
  afterAll(() => api?.close());
  beforeEach(() => {
    away.fails = () => false;
  });
}
