/**
 * `npm run keys:rotate`: wraps every data key under the first master key of SEALPOST_MASTER_KEYS.
 *
 * A rotation without a gap has four steps. Stopping half-way does no harm, and the command can be run again.
 * 1. Add the new key after the old one and restart every process, so that all can open it.
 * 2. Put the new key first and restart.
 * 3. Run this command.
 * 4. Take the old key out.
 */
import { connect, isFerretDb } from "../../store/mongo/connection.js";
import type { DataKeyDocument } from "../../store/sealing/data-keys.js";
import { createLocks, type LockDocument } from "../../store/mongo/exclusive.js";
import { connectStore } from "../../store/index.js";
import { type KeyProvider, localKeyProvider } from "../../store/sealing/master-keys.js";
import { rotateMasterKey, type RotationResult } from "../../store/sealing/rotation.js";
import { StoreError } from "../../store/store-error.js";
import { recordedCommand } from "./command-act.js";
import { loadConfig } from "../config.js";
import { databaseAtHand } from "./database-at-hand.js";
import { keepFilesPrivate } from "../private-files.js";
import { runCommand } from "./run-command.js";

/** Lines of progress come at most once in so many keys. */
const PROGRESS_EVERY = 100;

/**
 * Connects, rotates, closes.
 * @throws StoreError `settings_invalid` (the message names the setting) or `unavailable`
 */
export async function runRotation(options: {
  mongodbUrl: string;
  database?: string;
  masterKeys: string;
  log: (line: string) => void;
}): Promise<RotationResult> {
  const { mongodbUrl, database = "sealpost", masterKeys, log } = options;
  const provider = localKeyProvider(masterKeys);
  const rotate = () => rotateAll({ mongodbUrl, database, provider, log });
  const store = await connectStore({ mongodbUrl, database, masterKeys }).catch((error: unknown) => {
    // Without the key of the audit the rest can be wrapped all the same, and this is how a missing master key is found.
    if (!(error instanceof StoreError) || error.code !== "key_unknown") throw error;
    log("The audit cannot be written: the master key of its pepper is not in SEALPOST_MASTER_KEYS.");
    return undefined;
  });
  if (!store) return rotate();
  try {
    let result: RotationResult = { rewrapped: 0, failed: [] };
    await recordedCommand(
      store.audit,
      { operation: "keys:rotate", action: "master_key.rotate", subject: provider.activeKeyId },
      async () => {
        result = await rotate();
        return { rewrapped: result.rewrapped, failed: result.failed.length };
      },
    );
    return result;
  } finally {
    await store.close();
  }
}

async function rotateAll({
  mongodbUrl,
  database,
  provider,
  log,
}: {
  mongodbUrl: string;
  database: string;
  provider: KeyProvider;
  log: (line: string) => void;
}): Promise<RotationResult> {
  const client = await connect(mongodbUrl);
  try {
    const db = client.db(database);
    const result = await rotateMasterKey({
      dataKeys: db.collection<DataKeyDocument>("dataKeys"),
      provider,
      ...((await isFerretDb(db)) && { exclusive: createLocks(db.collection<LockDocument>("locks")) }),
      progress: (done, left) => {
        if (done % PROGRESS_EVERY === 0 && left > 0)
          log(`${done} data keys wrapped under "${provider.activeKeyId}", ${left} to go`);
      },
    });
    log(`${result.rewrapped} data keys wrapped under "${provider.activeKeyId}". ${summaryOf(result)}`);
    return result;
  } finally {
    await client.close();
  }
}

function summaryOf({ failed }: RotationResult): string {
  if (failed.length === 0)
    return "Now all data keys are under it. You may take the other master keys out of SEALPOST_MASTER_KEYS.";
  return (
    `${failed.length} are under a master key that is not in SEALPOST_MASTER_KEYS (${failed.slice(0, 5).join(", ")}). ` +
    "Add that key and run this again."
  );
}

async function main(): Promise<void> {
  const say = (line: string) => process.stdout.write(`${line}\n`);
  keepFilesPrivate();
  const at = databaseAtHand(loadConfig(), "A rotation needs the database and both master keys, the new one first");
  const { failed } = await runRotation({ ...at, log: say });
  process.exitCode = failed.length === 0 ? 0 : 1;
}

await runCommand(import.meta.url, main);
