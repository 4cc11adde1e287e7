/** The pepper: one random secret of the installation, under which API keys and lookup values are hashed. */
import { createHmac, createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import { Binary, type Collection } from "mongodb";
import { guarded, isDuplicate } from "./driver-errors.js";
import type { Keyring } from "./keyring.js";
import { StoreError } from "./store.js";

/** The sealed pepper at rest. */
export interface PepperDocument {
  _id: "pepper";
  sealed: Binary;
}

const CONTEXT = { collection: "settings", id: "pepper", field: "sealed", owner: "system" };

/**
 * Reads the pepper, made at the first start. It is the first sealed value that a process opens, so a missing or wrong master key
 * stops the start here (StoreError `key_unknown`, `sealed_data_invalid`) and nothing is ever hashed under another pepper.
 */
export async function loadPepper(collection: Collection<PepperDocument>, keyring: Keyring): Promise<KeyObject> {
  const find = () => guarded(() => collection.findOne({ _id: "pepper" }));
  let document = await find();
  if (!document) {
    const key = await keyring.scope("system");
    try {
      await guarded(() => collection.insertOne({ _id: "pepper", sealed: new Binary(key.seal(CONTEXT, randomBytes(32))) }));
    } catch (error) {
      if (!isDuplicate(error)) throw error;
    }
    // Read back: of several processes at a first start one has won.
    document = await find();
  }
  if (!document) throw new StoreError("unavailable", "The settings of this database vanished while it was opened. Start again.");
  const sealed = document.sealed.value();
  const opened = (await keyring.forSealed(sealed)).open(CONTEXT, sealed);
  const pepper = createSecretKey(opened);
  opened.fill(0);
  return pepper;
}

/** HMAC-SHA-256 under the pepper; the label keeps the uses apart. */
export function blindIndex(pepper: KeyObject, label: string, value: string): Uint8Array {
  return createHmac("sha256", pepper).update(`${label.length}:${label}|${value}`, "utf8").digest();
}
