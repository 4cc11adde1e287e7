/**
 * Refuses what can be refused before anything is started or loaded. A newcomer should not wait for the engines to learn
 * of a typing error.
 */
import { closeSync, existsSync, mkdirSync, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { readNamedFile } from "../named-file.js";
import { checkMongodbUrl } from "../store/mongo/connection.js";
import { createMasterKeysFile, localKeyProvider } from "../store/sealing/master-keys.js";
import { StoreError } from "../store/store-error.js";
import { type Config, ConfigError } from "./config.js";
import { openFileLimit, socketBounds } from "./process/open-files.js";
import { tlsOf } from "./temporal-tls.js";

/**
 * Nothing is made but the folders of files that a setting names.
 * @throws ConfigError, StartError or StoreError with one sentence
 */
export function refuseUnusableSettings(config: Config): void {
  socketBounds(openFileLimit(), config.STORE_CALLS_IN_FLIGHT);
  refuseMasterKeys(config);
  tlsOf(config);
  if (config.MONGODB_URL) checkMongodbUrl(config.MONGODB_URL);
  for (const key of ["LOG_FILE", "SEALPOST_ERASURES_FILE"] as const)
    if (config[key]) refuseUnwritable(key, config[key]);
}

function refuseMasterKeys(config: Config): void {
  if (config.SEALPOST_MASTER_KEYS !== undefined) return void localKeyProvider(config.SEALPOST_MASTER_KEYS);
  // Where there is no such directory, it is made later on, or that says why it cannot be.
  if (!existsSync(config.dataDir)) return;
  const path = join(config.dataDir, "master-keys");
  const file = readNamedFile(path);
  if (!file.ok && file.isMissing) return;
  if (!file.ok)
    throw new ConfigError("SEALPOST_DATA_DIR", `SEALPOST_DATA_DIR has the master keys in ${path}, which ${file.fault}`);
  try {
    localKeyProvider(createMasterKeysFile(path).masterKeys);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    throw new StoreError(
      error.code,
      `${error.message} The keys stand in ${path}; without them its data cannot be opened.`,
    );
  }
}

function refuseUnwritable(key: "LOG_FILE" | "SEALPOST_ERASURES_FILE", file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true });
    closeSync(openSync(file, "a", 0o600));
  } catch (error) {
    throw new ConfigError(
      key,
      `${key} names ${file}, which cannot be written (${codeOf(error)}): name a file that this user may write.`,
    );
  }
}

const codeOf = (error: unknown): string => (error as NodeJS.ErrnoException).code ?? "error";
