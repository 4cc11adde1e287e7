/**
 * Makes and checks the MAC of rows that grant power. Only a holder of the pepper can make one. The MAC is over the
 * collection, the id, the version and everything in the row that grants. signed-rows.ts and sessions.ts say what that
 * is. The keys for it are in the sealed pepper document.
 */
import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from "node:crypto";
import { StoreError } from "../store-error.js";
import {
  blindIndex,
  type MacKey,
  type PepperContent,
  type PepperDocument,
  type PepperVault,
} from "../sealing/pepper.js";
import { canonicalOf } from "./canonical.js";

/** Fields that a signed row has besides its own. */
export interface Signature {
  version: number;
  /** The last entry of the ledger when this was written. A ledger that does not reach so far was shortened. */
  ledgerSeq: number;
  /** `<id of the key>.<base64url of the MAC>` */
  mac: string;
}

/** A row as far as the authority looks into it. */
export type SignedRow = Record<string, unknown> & { _id: string; mac?: unknown };

/** Why a row is not believed. */
export type Doubt = "unsigned" | "unknown_key" | "forged";

export interface Authority {
  /** New rows are signed. False only for a database from before signing. */
  readonly signs: boolean;
  /** A row without a MAC is refused. */
  readonly marked: boolean;
  /** For the ledger. */
  readonly state: { chain: string; revision: number };
  readonly content: PepperContent;
  /**
   * Takes in what the command for signing has changed meanwhile. It does nothing if that was asked within `maxAgeMs`.
   */
  refresh(maxAgeMs?: number): Promise<void>;
  /** The row with its MAC under the newest key. */
  sign<R extends SignedRow>(collection: string, row: R): R & { mac: string };
  /** Undefined when the row was written by this service and not changed. */
  doubt(collection: string, row: SignedRow): Promise<Doubt | undefined>;
  /** Changes the sealed document. `change` is called again when another process was first. */
  change(change: (content: PepperContent) => Partial<Omit<PepperContent, "pepper" | "revision">>): Promise<void>;
}

/** An unknown key is looked for at most this often. */
const LOOK_AGAIN_MS = 1_000;
const LABEL = "grants";

export interface AuthorityDependencies {
  vault: PepperVault;
  opened: { document: PepperDocument; content: PepperContent };
  /** Called when the sealed document was put back or exchanged while this process runs. */
  told: (error: StoreError) => void;
}

export function createAuthority(dependencies: AuthorityDependencies): Authority {
  const sealed = createSealedContent(dependencies);
  let lookedAt = -Infinity;

  return {
    get signs() {
      return sealed.content.macKeys.length > 0;
    },
    get marked() {
      return sealed.content.marked;
    },
    get state() {
      return { chain: sealed.content.chain, revision: sealed.content.revision };
    },
    get content() {
      return sealed.content;
    },
    refresh: (maxAgeMs) => sealed.refresh(maxAgeMs),
    sign(collection, row) {
      const [newest] = sealed.keys;
      if (!newest) throw new Error("The database has no keys for signing, so it cannot sign.");
      const [id, key] = newest;
      return { ...row, mac: `${id}.${macOf(key, id, collection, row).toString("base64url")}` };
    },
    async doubt(collection, row) {
      const parts = typeof row.mac === "string" ? /^(mac_[0-9a-f]{12})\.([A-Za-z0-9_-]{43})$/.exec(row.mac) : undefined;
      if (row.mac === undefined && !sealed.content.marked) return undefined;
      if (row.mac === undefined) return "unsigned";
      const [, id = "", given = ""] = parts ?? [];
      if (!sealed.keys.has(id) && Date.now() - lookedAt > LOOK_AGAIN_MS) {
        lookedAt = Date.now();
        await sealed.refresh();
      }
      const key = sealed.keys.get(id);
      if (!key) return "unknown_key";
      return timingSafeEqual(macOf(key, id, collection, row), Buffer.from(given, "base64url")) ? undefined : "forged";
    },
    change: (change) => sealed.change(change),
  };
}

/** The sealed document as this process knows it, with its keys for signing. It never goes back to an older one. */
function createSealedContent({ vault, opened, told }: AuthorityDependencies) {
  let { document, content } = opened;
  let keys = keysOf(content);
  let readAt = Date.now();

  async function refresh(maxAgeMs = 0): Promise<void> {
    if (maxAgeMs > 0 && Date.now() - readAt < maxAgeMs) return;
    const found = await vault.read();
    readAt = Date.now();
    if (found && Buffer.compare(found.sealed.value(), document.sealed.value()) === 0) return;
    const now =
      found &&
      (await vault.open(found).catch((error: unknown) => {
        if (error instanceof StoreError && error.code === "sealed_data_invalid") return undefined;
        throw error;
      }));
    // An older document was put back. This process knows a newer one and goes on with that.
    if (!now || now.revision <= content.revision || !now.pepper.equals(content.pepper)) return told(EXCHANGED);
    ({ document, content } = { document: found, content: now });
    keys = keysOf(content);
  }

  return {
    get content() {
      return content;
    },
    get keys() {
      return keys;
    },
    refresh,
    async change(change: Parameters<Authority["change"]>[0]): Promise<void> {
      for (let tries = 0; tries < 10; tries++) {
        await refresh();
        if (await vault.replace(document, { ...content, ...change(content), revision: content.revision + 1 }))
          return refresh();
      }
      throw new StoreError("unavailable", "The sealed pepper is being changed by another process. Try again.");
    },
  };
}

const macOf = (key: KeyObject, keyId: string, collection: string, row: SignedRow): Buffer =>
  createHmac("sha256", key)
    .update(canonicalOf({ collection, keyId, row: { ...row, mac: undefined } }))
    .digest();

/** The MAC needs both the pepper and the key's own material. */
function keysOf({ pepper, macKeys }: PepperContent): Map<string, KeyObject> {
  return new Map(
    macKeys.map(({ id, material }: MacKey) => [
      id,
      createSecretKey(Buffer.from(blindIndex(pepper, LABEL, `${id}:${material}`))),
    ]),
  );
}

const EXCHANGED = new StoreError(
  "grants_broken",
  "The sealed pepper was replaced or set back while the service runs. This process goes " +
    "on with the one it knows. Restore the document `pepper` of the collection `settings`.",
);
