/** The embedded store: a mongod where one can be had, else the stand-in. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { EngineError } from "./engine-error.js";
import { type EngineProcess, startEngine } from "./engine-process.js";
import { findMongodb, STAND_IN } from "./mongodb-program.js";
import { freePort, isListening } from "./ports.js";
import type { ProvisionContext } from "./provision.js";
import { readProvision, rememberProvision } from "./record.js";
import { tellIfSlow } from "./slow-steps.js";

export interface MongodbOptions extends ProvisionContext {
  dataDir: string;
  port?: number;
  durability: "normal" | "full";
  onStart: (running: { address: string; standIn: boolean; pid: number }) => void;
  onDeath: (message: string) => void;
}

export interface EmbeddedMongodb extends EngineProcess {
  url: string;
  standIn: boolean;
  how: string;
}

const ANSWER_WITHIN_MS = 2_000;

/** @throws EngineError */
export async function startMongodb(options: MongodbOptions): Promise<EmbeddedMongodb> {
  const remembered = readProvision(options.dataDir).mongodb;
  const program = await findMongodb(remembered?.how, options);
  const standIn = program.source === STAND_IN;
  const why = program.refused && ` (${program.refused})`;
  options.progress(standIn
    ? `Engines: MONGODB_URL is not set${why}, so the ${program.how} runs, data in ${options.dataDir}: for trials, as every query but by id scans`
    : `Engines: MONGODB_URL is not set${why}, so an embedded one runs: ${program.how}, data in ${options.dataDir}`);
  const start = async (): Promise<EmbeddedMongodb> => {
    const port = options.port ?? (await freePort(remembered?.port));
    const engine = await run(program.path, options, { port, standIn });
    rememberProvision(options.dataDir, { mongodb: { how: program.source, port } });
    return { ...engine, url: urlOf(port), standIn, how: program.how };
  };
  return tellIfSlow(options.progress, "Engines: starting MongoDB", () =>
    start().catch((error: unknown) => {
      // Another process may take a free port between our look and the engine's start.
      if (error instanceof EngineError && error.code === "engine_failed") return start();
      throw error;
    }));
}

const urlOf = (port: number): string => `mongodb://127.0.0.1:${port}/`;

function run(command: string, options: MongodbOptions, { port, standIn }: { port: number; standIn: boolean }): Promise<EngineProcess> {
  const directory = join(options.dataDir, standIn ? "ferretdb" : "mongodb");
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  const args = standIn
    ? ["--listen", `127.0.0.1:${port}`, "--data", directory, "--synchronous", options.durability, "--exit-with-stdin"]
    // A quarter of a gigabyte of cache instead of half the machine's memory: it shares a trial's machine with Temporal and the service.
    : ["--bind_ip", "127.0.0.1", "--port", String(port), "--dbpath", directory, "--wiredTigerCacheSizeGB", "0.25", "--quiet"];
  return startEngine({
    name: standIn ? "FerretDB" : "MongoDB",
    command,
    args,
    logFile: join(options.dataDir, "logs", "mongodb.log"),
    exitsWithStdin: standIn,
    answers: () => answers(port),
    progress: options.progress,
    onStart: (pid) => options.onStart({ address: urlOf(port), standIn, pid }),
    onDeath: options.onDeath,
    signal: options.signal,
  });
}

async function answers(port: number): Promise<void> {
  if (!(await isListening(port))) throw new Error("not listening yet");
  const client = new MongoClient(urlOf(port), { serverSelectionTimeoutMS: ANSWER_WITHIN_MS, connectTimeoutMS: ANSWER_WITHIN_MS, directConnection: true });
  try {
    await client.db("admin").command({ ping: 1 });
  } finally {
    await client.close();
  }
}
