/** The embedded store: a mongod if there is one, else FerretDB. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { EngineError } from "./engine-error.js";
import { type EngineProcess, startEngine } from "./engine-process.js";
import { findMongodb, FERRETDB } from "./mongodb-program.js";
import { freePort, isListening } from "./ports.js";
import type { ProvisionContext } from "./provision.js";
import { readProvision, rememberProvision } from "./record.js";
import { becomePrimary, REPLICA_SET } from "./replica-set.js";
import { tellIfSlow } from "./slow-steps.js";

export interface MongodbOptions extends ProvisionContext {
  dataDir: string;
  port?: number;
  durability: "normal" | "full";
  onStart: (running: { address: string; ferretDb: boolean; pid: number }) => void;
  onDeath: (message: string) => void;
}

export interface EmbeddedMongodb extends EngineProcess {
  url: string;
  ferretDb: boolean;
  how: string;
}

const ANSWER_WITHIN_MS = 2_000;

/** @throws EngineError */
export async function startMongodb(options: MongodbOptions): Promise<EmbeddedMongodb> {
  const remembered = readProvision(options.dataDir).mongodb;
  const program = await findMongodb(remembered?.how, options);
  const ferretDb = program.source === FERRETDB;
  const why = program.refused && ` (${program.refused})`;
  options.progress(
    ferretDb
      ? `Engines: MONGODB_URL is not set${why}, so ${program.how} runs, data in ` +
          `${options.dataDir}: for trials, as each query that is not by id reads a whole collection`
      : `Engines: MONGODB_URL is not set${why}, so an embedded one runs: ${program.how}, data in ${options.dataDir}`,
  );
  const start = async (): Promise<EmbeddedMongodb> => {
    const port = options.port ?? (await freePort(remembered?.port));
    const engine = await run(program.path, options, { port, ferretDb });
    rememberProvision(options.dataDir, { mongodb: { how: program.source, port } });
    return { ...engine, url: urlOf(port, ferretDb), ferretDb, how: program.how };
  };
  return tellIfSlow(options.progress, "Engines: starting MongoDB", () =>
    start().catch((error: unknown) => {
      // Another process may take a free port between our look and the engine's start.
      if (error instanceof EngineError && error.code === "engine_failed") return start();
      throw error;
    }),
  );
}

const hostOf = (port: number): string => `127.0.0.1:${port}`;
const urlOf = (port: number, ferretDb: boolean): string =>
  `mongodb://${hostOf(port)}/${ferretDb ? "" : `?replicaSet=${REPLICA_SET}`}`;

/** mongod's arguments. */
function mongodArguments(port: number, directory: string): string[] {
  return [
    "--bind_ip",
    "127.0.0.1",
    "--port",
    String(port),
    "--dbpath",
    directory,
    "--quiet",
    "--replSet",
    REPLICA_SET,
    // A cache of a quarter of a gigabyte instead of half the machine's memory, because Temporal and the service run on
    // the same machine.
    "--wiredTigerCacheSizeGB",
    "0.25",
    // No other member copies from it, so the log of writes may be short. By default it would take 5 % of the disk.
    "--oplogSize",
    "256",
    // At its end a member waits 15 s for another one to take over (MongoDB 5.0). There is none.
    "--setParameter",
    "shutdownTimeoutMillisForSignaledShutdown=100",
  ];
}

function run(
  command: string,
  options: MongodbOptions,
  { port, ferretDb }: { port: number; ferretDb: boolean },
): Promise<EngineProcess> {
  const directory = join(options.dataDir, ferretDb ? "ferretdb" : "mongodb");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const args = ferretDb
    ? ["--listen", `127.0.0.1:${port}`, "--data", directory, "--synchronous", options.durability, "--exit-with-stdin"]
    : mongodArguments(port, directory);
  return startEngine({
    name: ferretDb ? "FerretDB" : "MongoDB",
    command,
    args,
    logFile: join(options.dataDir, "logs", "mongodb.log"),
    exitsWithStdin: ferretDb,
    answers: () => answers(port, ferretDb),
    progress: options.progress,
    onStart: (pid) => options.onStart({ address: urlOf(port, ferretDb), ferretDb, pid }),
    onDeath: options.onDeath,
    signal: options.signal,
  });
}

async function answers(port: number, ferretDb: boolean): Promise<void> {
  if (!(await isListening(port))) throw new Error("not listening yet");
  const client = new MongoClient(`mongodb://${hostOf(port)}/`, {
    serverSelectionTimeoutMS: ANSWER_WITHIN_MS,
    connectTimeoutMS: ANSWER_WITHIN_MS,
    directConnection: true,
  });
  try {
    if (ferretDb) await client.db("admin").command({ ping: 1 });
    else await becomePrimary(client.db("admin"), hostOf(port));
  } finally {
    await client.close();
  }
}
