/**
 * Where the commands beside the service (`npm run keys:rotate`, `npm run erasures:…`) find its database and master
 * keys.
 */
import { join } from "node:path";
import { readNamedFile } from "../../named-file.js";
import { type Config, ConfigError } from "../config.js";
import { readRunningEngines } from "../engines/index.js";

export interface DatabaseAtHand {
  mongodbUrl: string;
  database: string;
  masterKeys: string;
}

/**
 * The configured ones, or the embedded ones of a running service, found by its data directory. @throws Error that says
 * what to set
 */
export function databaseAtHand(config: Config, task: string): DatabaseAtHand {
  const mongodbUrl = config.MONGODB_URL ?? readRunningEngines(config.dataDir)?.mongodbUrl;
  const masterKeys = config.SEALPOST_MASTER_KEYS ?? masterKeysFile(config.dataDir);
  if (!mongodbUrl || !masterKeys) {
    throw new Error(
      `${task}: set MONGODB_URL and SEALPOST_MASTER_KEYS, or run it beside a started service with ` +
        "the same SEALPOST_DATA_DIR.",
    );
  }
  return { mongodbUrl, database: config.MONGODB_DATABASE, masterKeys };
}

function masterKeysFile(dataDir: string): string | undefined {
  const path = join(dataDir, "master-keys");
  const file = readNamedFile(path);
  if (file.ok) return file.bytes.toString("utf8").trim();
  if (file.isMissing) return undefined;
  throw new ConfigError("SEALPOST_DATA_DIR", `SEALPOST_DATA_DIR has the master keys in ${path}, which ${file.fault}`);
}
