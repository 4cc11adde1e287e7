/** Up to which day Temporal payloads may be of the form that does not prove who made them. */
import type { Collection } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import type { Keyring } from "./keyring.js";
import { StoreError } from "../store-error.js";
import { DAY_MS } from "../../workflows/durations.js";

/** When a release with proofs first ran over this database. Never changed afterwards. */
export interface ProofCutOffDocument {
  _id: "temporalProofs";
  firstRunAt: Date;
  /** `yyyy-mm-dd`. Empty when nothing had been sealed before. */
  legacyUntil: string;
}

/** Processes of the old release may go on sealing until they are replaced, at night as well. */
const UPGRADE_MS = DAY_MS;

/**
 * The last day whose keys may have sealed the older form, `yyyy-mm-dd`. It is the day after the first run of this
 * release, when every process should have been replaced. Empty for a database in which nothing had been sealed for
 * Temporal. It is written once, before this release seals anything. If several processes write it, then the first one
 * counts.
 */
export async function loadProofCutOff(
  collection: Collection<ProofCutOffDocument>,
  keyring: Pick<Keyring, "livingDays">,
  now = Date.now,
): Promise<string> {
  const find = () => guarded((within) => collection.findOne({ _id: "temporalProofs" }, within));
  let document = await find();
  if (!document) {
    const firstRunAt = new Date(now());
    const legacyUntil =
      (await keyring.livingDays()).length === 0
        ? ""
        : new Date(firstRunAt.getTime() + UPGRADE_MS).toISOString().slice(0, 10);
    try {
      await guarded((within) => collection.insertOne({ _id: "temporalProofs", firstRunAt, legacyUntil }, within));
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    document = await find();
  }
  if (!document)
    throw new StoreError("unavailable", "The settings of this database vanished while it was opened. Start again.");
  return document.legacyUntil;
}
