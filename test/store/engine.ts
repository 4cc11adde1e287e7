/** A database engine of a test's own, which it may stop and whose files it may read. */
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { usualCacheDirectory, findOnPath } from "../../src/workers/engines/machine.js";
import { startMongodb } from "../../src/workers/engines/mongodb.js";

export interface OwnEngine {
  url: string;
  dataDir: string;
  pid: number;
  stop(): Promise<void>;
}

/** True when an engine is on this machine already. A test does not download or build one. */
export function engineAtHand(): boolean {
  if (findOnPath("mongod")) return true;
  const cache = usualCacheDirectory();
  return (
    cache !== undefined &&
    existsSync(cache) &&
    readdirSync(cache).some((name) => /^(mongod|ferretdb)-[\d.]+-[\w-]+$/.test(name))
  );
}

/** Starts it over an empty directory, which `stop` removes. */
export async function startOwnEngine(): Promise<OwnEngine> {
  const dataDir = mkdtempSync(join(tmpdir(), "sealpost-store-"));
  mkdirSync(join(dataDir, "logs"));
  let pid = 0;
  const engine = await startMongodb({
    dataDir,
    cacheDir: usualCacheDirectory() ?? join(dataDir, "cache"),
    toolEnvironment: {},
    durability: "normal",
    progress: () => undefined,
    onStart: (running) => (pid = running.pid),
    onDeath: () => undefined,
  });
  return {
    url: engine.url,
    dataDir,
    pid,
    async stop() {
      await engine.stop();
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
