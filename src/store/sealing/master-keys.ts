/** Master keys. They wrap the data keys and nothing else. */
import { createSecretKey, randomBytes, type KeyObject } from "node:crypto";
import { closeSync, fsyncSync, linkSync, mkdirSync, openSync, statSync, unlinkSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { KEY_BYTES, unwrapKey, wrapKey } from "./sealing.js";
import { readNamedFile } from "../../named-file.js";
import { StoreError } from "../store-error.js";

const SETTING = "SEALPOST_MASTER_KEYS";

/**
 * Where master keys are. The local provider below holds them in this process. A KMS or Vault holds them outside and
 * answers `wrap` and `unwrap` over the network, so both are asynchronous.
 */
export interface KeyProvider {
  /** The master key that wraps new data keys. */
  readonly activeKeyId: string;
  /** Wraps a data key, bound to `aad`. */
  wrap(dataKey: Uint8Array, aad: Uint8Array): Promise<{ masterKeyId: string; wrapped: Uint8Array }>;
  /**
   * Throws StoreError `key_unknown` (no such master key here), `sealed_data_invalid` (another key of that id) or
   * `unavailable`.
   */
  unwrap(masterKeyId: string, wrapped: Uint8Array, aad: Uint8Array): Promise<Uint8Array>;
}

/**
 * Master keys from `id:base64,id:base64`, 32 bytes each. The first one wraps, all of them unwrap.
 * @throws StoreError `settings_invalid`. The message names the setting and the position, never key material
 */
export function localKeyProvider(text: string): KeyProvider {
  const keys = parseMasterKeys(text);
  const [active] = keys;
  if (!active) throw refused("holds no key", "Give it as id:base64");
  const byId = new Map(keys.map(({ id, key }) => [id, key]));
  return {
    activeKeyId: active.id,
    async wrap(dataKey, aad) {
      return { masterKeyId: active.id, wrapped: wrapKey(active.key, boundTo(active.id, aad), dataKey) };
    },
    async unwrap(masterKeyId, wrapped, aad) {
      const key = byId.get(masterKeyId);
      if (!key)
        throw new StoreError(
          "key_unknown",
          `Master key "${masterKeyId}" is not in ${SETTING}. Add it again, after the key that seals; ` +
            `it may be dropped only once \`npm run keys:rotate\` has finished.`,
        );
      const dataKey = unwrapKey(key, boundTo(masterKeyId, aad), wrapped);
      if (!dataKey)
        throw new StoreError(
          "sealed_data_invalid",
          `Master key "${masterKeyId}" of ${SETTING} is not the key of that id that this database was ` +
            "sealed with. Put the right key back.",
        );
      return dataKey;
    },
  };
}

/**
 * The master keys in this file, as `localKeyProvider` takes them. Makes the file (mode 0600, one new key
 * `local-<date>`) when it is missing.
 * @throws StoreError `settings_invalid` when it cannot be read, or others can read it
 */
export function createMasterKeysFile(path: string, now: Date = new Date()): { masterKeys: string; created: boolean } {
  const before = readNamedFile(path);
  const created =
    !before.ok &&
    before.isMissing &&
    writeOnce(path, `local-${now.toISOString().slice(0, 10)}:${randomBytes(KEY_BYTES).toString("base64")}\n`);
  const file = before.ok ? before : readNamedFile(path);
  if (!file.ok) throw new StoreError("settings_invalid", `The key file is ${path}, which ${file.fault}`);
  if ((statSync(path).mode & 0o077) !== 0 && process.platform !== "win32") {
    throw new StoreError("settings_invalid", `The key file ${path} can be read by other users: chmod 600 it.`);
  }
  return { masterKeys: file.bytes.toString("utf8").trim(), created };
}

/**
 * The file is either complete or missing, because a half-written key file would lock the data away. False when another
 * process was first.
 */
function writeOnce(path: string, text: string): boolean {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const file = openSync(draft, "wx", 0o600);
  try {
    writeSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw error;
  } finally {
    unlinkSync(draft);
  }
}

function parseMasterKeys(text: string): { id: string; key: KeyObject }[] {
  const seen = new Set<string>();
  const keys: KeyObject[] = [];
  const entries = text
    .split(",")
    .map((entry) => entry.trim())
    .filter(Boolean);
  return entries.map((entry, index) => {
    const position = `key ${index + 1}`;
    const colon = entry.indexOf(":");
    const id = entry.slice(0, colon);
    if (colon < 0 || !/^[A-Za-z0-9._-]{1,64}$/.test(id)) {
      throw refused(
        `${position} has no id`,
        "Give it as id:base64, the id of letters, digits, dot, dash and underscore",
      );
    }
    const material = Buffer.from(entry.slice(colon + 1), "base64");
    const problem = seen.has(id) ? "appears twice" : weakness(material, entry.slice(colon + 1));
    if (problem) throw refused(`${position} ("${id}") ${problem}`, "Make one with: openssl rand -base64 32");
    seen.add(id);
    const key = createSecretKey(material);
    material.fill(0);
    // To rotate to the same key would change nothing, and seem done.
    if (keys.some((other) => other.equals(key)))
      throw refused(`${position} ("${id}") is the key of another id`, "Make a new one with: openssl rand -base64 32");
    keys.push(key);
    return { id, key };
  });
}

/** Patterns that a random key never has: typed text, zeros, or a short or repeated pattern. */
function weakness(material: Buffer, base64: string): string | undefined {
  if (material.toString("base64").replace(/=+$/, "") !== base64.replace(/=+$/, "")) return "is not base64";
  if (material.length !== KEY_BYTES) return `has ${material.length} bytes instead of ${KEY_BYTES}`;
  if (material.every((byte) => byte === 0)) return "is all zeros";
  if (material.every((byte) => byte >= 0x09 && byte <= 0x7e)) return "is text, not random bytes";
  // 32 random bytes have 30 different values on average. Fewer than 18 happens once in 10^13 keys.
  if (new Set(material).size < 18) return "repeats itself";
  if (isCount(material)) return "counts instead of being random";
  return undefined;
}

/** Each byte is as far from the one before as all the others are. */
function isCount(material: Buffer): boolean {
  const step = ((material[1] ?? 0) - (material[0] ?? 0)) & 0xff;
  return material.every((byte, index) => index === 0 || ((byte - (material[index - 1] ?? 0)) & 0xff) === step);
}

function boundTo(masterKeyId: string, aad: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from(`${masterKeyId.length}:${masterKeyId}|`, "utf8"), aad]);
}

function refused(problem: string, remedy: string): StoreError {
  return new StoreError("settings_invalid", `${SETTING}: ${problem}. ${remedy}.`);
}
