/**
 * `npm run indexes` builds the indexes that the store needs and waits for them. A start does it too. If there are many
 * millions of documents, then it is better to do it before an upgrade, while the earlier release still serves.
 */
import { connect, isFerretDb } from "../../store/mongo/connection.js";
import { buildIndexes } from "../../store/mongo/index-build.js";
import { loadConfig } from "../config.js";
import { readRunningEngines } from "../engines/index.js";
import { runCommand } from "./run-command.js";

async function main(): Promise<void> {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  const config = loadConfig();
  const mongodbUrl = config.MONGODB_URL ?? readRunningEngines(config.dataDir)?.mongodbUrl;
  if (!mongodbUrl)
    throw new Error(
      "The indexes need the database: set MONGODB_URL, or run it beside a started service with the " +
        "same SEALPOST_DATA_DIR.",
    );
  const database = config.MONGODB_DATABASE;
  if (await onFerretDb(mongodbUrl, database)) return say("FerretDB 1.24 gets no indexes: it would never use them.");
  const since = Date.now();
  await buildIndexes({
    mongodbUrl,
    database,
    waiting: (seconds) =>
      say(`Building since ${seconds} s. It may be stopped: MongoDB goes on, and the next run waits for it.`),
  });
  say(`Every index of the database "${database}" is there (${Math.round((Date.now() - since) / 1_000)} s).`);
}

async function onFerretDb(mongodbUrl: string, database: string): Promise<boolean> {
  const client = await connect(mongodbUrl);
  try {
    return await isFerretDb(client.db(database));
  } finally {
    await client.close();
  }
}

await runCommand(import.meta.url, main);
