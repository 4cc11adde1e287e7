/**
 * The pepper: one random secret of the installation, under which API keys and lookup values are hashed. The same sealed
 * document holds the keys that sign rows that grant power. It also holds the mark from which on an unsigned row is
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
  /** 2 means JSON with the keys for signing. Absent means the pepper alone, as earlier releases wrote it. */
  form?: 2;
  sealed: Binary;
}

/** A key for signing rows. The MAC is under this key and the pepper together. */
export interface MacKey {
  id: string;
  material: string;
}

/** The sealed content. */
export interface PepperContent {
  pepper: KeyObject;
  /** Raised by every change of the document, so that an older document is noticed. */
  revision: number;
  /** The first one signs, and the others are still accepted. Empty while rows are not signed yet. */
  macKeys: readonly MacKey[];
  /** From here on a row without a MAC is refused. */
  marked: boolean;
  /** Names the chain of the ledger. A new chain takes no entry of the one before. */
  chain: string;
  /**
   * The audit has a high-water mark (audit-mark.ts), so one that is missing was taken away. Absent in what releases
   * before it wrote.
   */
  auditMarked?: boolean;
}

/**
 * There are two contexts. A release that knows only the pepper cannot open the later form. It stops at its start
 * instead of hashing under another pepper.
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

/** The sealed document. `open` gives `undefined` when there is none. Both are one read or write by `_id`. */
export interface PepperVault {
  read(): Promise<PepperDocument | undefined>;
  open(document: PepperDocument): Promise<PepperContent>;
  /** Replaces the document that was read by this content. False when another process has changed it. */
  replace(before: PepperDocument, content: PepperContent): Promise<boolean>;
  /** Makes the document with a new pepper. False when there is one already. */
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

/** For a new database. It is signed and marked from its first row on. */
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
 * Reads the document. The first start makes it with the mark, so that a new database never holds an unsigned row. It is
 * the first sealed value that a process opens. So a missing or wrong master key stops the start here (StoreError
 * `key_unknown`, `sealed_data_invalid`), and nothing is ever hashed under another pepper. `beforeFirst` runs before a
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
    // It is read back, because only one of several processes at a first start has won.
    document = await vault.read();
  }
  if (!document)
    throw new StoreError("unavailable", "The settings of this database vanished while it was opened. Start again.");
  return { document, content: await vault.open(document) };
}

/** HMAC-SHA-256 under the pepper. The label keeps the uses apart. */
export function blindIndex(pepper: KeyObject, label: string, value: string): Uint8Array {
  return createHmac("sha256", pepper).update(`${label.length}:${label}|${value}`, "utf8").digest();
}
