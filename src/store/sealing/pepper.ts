/**
 * The pepper: one random secret of the installation, under which API keys and lookup values are hashed. The same sealed
 * document holds the keys under which rows that grant power are signed, and the mark from which on an unsigned row is
 * refused (grants/authority.ts).
 */
import { createHmac, createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import { Binary, type Collection } from "mongodb";
import { guarded, isDuplicate } from "../mongo/driver-errors.js";
import type { Keyring } from "./keyring.js";
import { StoreError } from "../store-error.js";

/** The sealed pepper at rest. */
export interface PepperDocument {
  _id: "pepper";
  /** 2: JSON with the keys for signing; absent: the pepper alone, as releases before them wrote it. */
  form?: 2;
  sealed: Binary;
}

/** A key for signing rows; the MAC is under it and the pepper together. */
export interface MacKey {
  id: string;
  material: string;
}

/** What is sealed together. */
export interface PepperContent {
  pepper: KeyObject;
  /** Rises with every change of the document: one of an older state is noticed. */
  revision: number;
  /** The first one signs, the others are still believed. Empty: rows are not signed yet. */
  macKeys: readonly MacKey[];
  /** From here on a row without a MAC is refused. */
  marked: boolean;
  /** Names the chain of the ledger: one that was begun anew takes no entry of the one before. */
  chain: string;
  /**
   * The audit has a high-water mark (audit-mark.ts), so one that is missing was taken away. Absent in what releases
   * before it wrote.
   */
  auditMarked?: boolean;
}

/**
 * Two contexts: a release that knows only the pepper cannot open the later form, and stops at its start instead of
 * hashing under another pepper.
 */
const contextOf = (form: 2 | undefined) => ({
  collection: "settings",
  id: "pepper",
  field: form === 2 ? "sealed.2" : "sealed",
  owner: "system",
});
const KEY_BYTES = 32;

export const newMacKey = (): MacKey => ({
  id: `mac_${randomBytes(6).toString("hex")}`,
  material: randomBytes(KEY_BYTES).toString("base64"),
});
export const newChain = (): string => randomBytes(6).toString("hex");

/** The sealed document; `open` gives `undefined` where there is none. Both are one read or write by `_id`. */
export interface PepperVault {
  read(): Promise<PepperDocument | undefined>;
  open(document: PepperDocument): Promise<PepperContent>;
  /** Replaces the document that was read by this content; false when another process has changed it. */
  replace(before: PepperDocument, content: PepperContent): Promise<boolean>;
  /** Makes the document, with a new pepper; false when there is one. */
  create(): Promise<boolean>;
}

export function createPepperVault(
  collection: Collection<PepperDocument>,
  keyring: Pick<Keyring, "scope" | "forSealed">,
): PepperVault {
  async function sealed({ pepper, ...content }: PepperContent): Promise<Binary> {
    const secret = pepper.export();
    const text = Buffer.from(JSON.stringify({ ...content, pepper: secret.toString("base64") }));
    secret.fill(0);
    try {
      return new Binary((await keyring.scope("system")).seal(contextOf(2), text));
    } finally {
      text.fill(0);
    }
  }
  return {
    read: async () => (await guarded((within) => collection.findOne({ _id: "pepper" }, within))) ?? undefined,
    async open({ form, sealed: value }) {
      const bytes = value.value();
      const opened = (await keyring.forSealed(bytes)).open(contextOf(form), bytes);
      try {
        return form === 2
          ? contentOf(opened)
          : { pepper: createSecretKey(opened), revision: 0, macKeys: [], marked: false, chain: "" };
      } finally {
        opened.fill(0);
      }
    },
    async replace(before, content) {
      const after = await sealed(content);
      return (
        (
          await guarded((within) =>
            collection.updateOne(
              { _id: "pepper", sealed: before.sealed },
              { $set: { form: 2, sealed: after } },
              within,
            ),
          )
        ).matchedCount === 1
      );
    },
    async create() {
      const document: PepperDocument = { _id: "pepper", form: 2, sealed: await sealed(firstContent()) };
      try {
        await guarded((within) => collection.insertOne(document, within));
        return true;
      } catch (error) {
        if (!isDuplicate(error)) throw error;
        return false;
      }
    },
  };
}

/** Of a new database: signed and marked from its first row on. */
const firstContent = (): PepperContent => ({
  pepper: createSecretKey(randomBytes(KEY_BYTES)),
  revision: 1,
  macKeys: [newMacKey()],
  marked: true,
  chain: newChain(),
  auditMarked: true,
});

function contentOf(opened: Uint8Array): PepperContent {
  const { pepper, ...content } = JSON.parse(Buffer.from(opened).toString("utf8")) as Omit<PepperContent, "pepper"> & {
    pepper: string;
  };
  const secret = Buffer.from(pepper, "base64");
  try {
    return { ...content, pepper: createSecretKey(secret) };
  } finally {
    secret.fill(0);
  }
}

/**
 * Reads the document, made at the first start with the mark: a new database never holds an unsigned row. It is the
 * first sealed value that a process opens, so a missing or wrong master key stops the start here (StoreError
 * `key_unknown`, `sealed_data_invalid`) and nothing is ever hashed under another pepper. `beforeFirst` runs before a
 * new one is made.
 */
export async function loadPepper(
  vault: PepperVault,
  beforeFirst: () => Promise<void>,
): Promise<{ document: PepperDocument; content: PepperContent }> {
  let document = await vault.read();
  if (!document) {
    await beforeFirst();
    await vault.create();
    // Read back: of several processes at a first start one has won.
    document = await vault.read();
  }
  if (!document)
    throw new StoreError("unavailable", "The settings of this database vanished while it was opened. Start again.");
  return { document, content: await vault.open(document) };
}

/** HMAC-SHA-256 under the pepper; the label keeps the uses apart. */
export function blindIndex(pepper: KeyObject, label: string, value: string): Uint8Array {
  return createHmac("sha256", pepper).update(`${label.length}:${label}|${value}`, "utf8").digest();
}
