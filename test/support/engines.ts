/** One set of real engines for the whole suite. Each test takes names of its own in it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestProject } from "vitest/node";
import { provideEngines } from "../../src/workers/engines/index.js";
import { type SecantusDb, startSecantusDb } from "./secantusdb.js";

declare module "vitest" {
  export interface ProvidedContext {
    temporalAddress: string;
    mongodbUrl: string;
  }
}

/** Running engines that several test runs share. */
const SHARED = { temporalAddress: "SEALPOST_TEST_TEMPORAL_ADDRESS", mongodbUrl: "SEALPOST_TEST_MONGODB_URL" } as const;

/**
 * `secantusdb`: the database is SecantusDB, installed and started here, instead of the one that `npm start` would
 * bring.
 */
const DATABASE = "SEALPOST_TEST_DATABASE";

/**
 * Each project of vitest.config.ts calls this. The first one brings the engines, and the last one to end stops them.
 */
const shared = globalThis as { sealpostTestEngines?: { users: number; running: Promise<TestEngines> } };

interface TestEngines {
  temporalAddress: string;
  mongodbUrl: string;
  stop: () => Promise<void>;
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const engines = (shared.sealpostTestEngines ??= { users: 0, running: bring() });
  engines.users++;
  const { temporalAddress, mongodbUrl, stop } = await engines.running;
  project.provide("temporalAddress", temporalAddress);
  project.provide("mongodbUrl", mongodbUrl);
  return async () => {
    if (--engines.users === 0) await stop();
  };
}

async function bring(): Promise<TestEngines> {
  const dataDir = mkdtempSync(join(tmpdir(), "sealpost-engines-"));
  const temporalAddress = process.env[SHARED.temporalAddress];
  const lines: string[] = [];
  let secantusDb: SecantusDb | undefined;
  try {
    if (process.env[DATABASE] === "secantusdb") {
      secantusDb = await startSecantusDb(dataDir);
      // For services that a test starts as processes of their own.
      process.env[SHARED.mongodbUrl] = secantusDb.url;
    }
    const mongodbUrl = process.env[SHARED.mongodbUrl];
    const engines = await provideEngines({
      dataDir,
      temporalNamespace: "default",
      durability: "normal",
      ...(temporalAddress && { temporalAddress }),
      ...(mongodbUrl && { mongodbUrl }),
      progress: (line) => lines.push(line),
    });
    return {
      temporalAddress: engines.temporal.address,
      mongodbUrl: engines.mongodb.url,
      stop: async () => {
        await engines.stop();
        await secantusDb?.stop();
        rmSync(dataDir, { recursive: true, force: true });
      },
    };
  } catch (error) {
    await secantusDb?.stop();
    rmSync(dataDir, { recursive: true, force: true });
    throw new Error(`No engines for the tests: ${(error as Error).message}\n${lines.join("\n")}`, { cause: error });
  }
}
