/**
 * SecantusDB, the second database engine of the tests. It speaks MongoDB's protocol over a real WiredTiger. It has
 * indexes, retryable writes and fail points, and FerretDB 1.24 has none of them. It is GPL-2.0-only. So it runs as a
 * process of its own, only in tests, and is never shipped.
 */
import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { startEngine } from "../../src/workers/engines/engine-process.js";
import { findOnPath, machineKind, toolCachesBelow, usualCacheDirectory } from "../../src/workers/engines/machine.js";
import { freePort, isListening } from "../../src/workers/engines/ports.js";
import { runTool } from "../../src/workers/engines/run-tool.js";

const VERSION = "0.7.0b3";
const INSTALL_WITHIN_MS = 600_000;
const ANSWER_WITHIN_MS = 2_000;

export interface SecantusDb {
  url: string;
  stop(): Promise<void>;
}

/**
 * Installs it once on this machine, from PyPI into a virtual environment below the cache directory, and starts it over
 * the given directory.
 * @throws Error that says what is missing
 */
export async function startSecantusDb(dataDir: string): Promise<SecantusDb> {
  const python = await secantusPython(dataDir);
  const storage = join(dataDir, "secantusdb");
  const logs = join(dataDir, "logs");
  for (const directory of [storage, logs]) mkdirSync(directory, { recursive: true });
  const port = await freePort();
  // Its host names itself in its answers: the driver takes the address that it is given.
  const url = `mongodb://127.0.0.1:${port}/?directConnection=true`;
  const engine = await startEngine({
    name: "SecantusDB",
    command: python,
    args: [
      "-m",
      "secantus",
      "--host",
      "127.0.0.1",
      "--port",
      String(port),
      "--storage-path",
      storage,
      "--enable-test-commands",
      "--log-level",
      "WARNING",
    ],
    logFile: join(logs, "secantusdb.log"),
    exitsWithStdin: false,
    answers: () => answers(url, port),
    progress: () => undefined,
    onStart: () => undefined,
    onDeath: (message) => void process.stderr.write(`${message}\n`),
  });
  return { url, stop: () => engine.stop() };
}

/**
 * The Python that SecantusDB is installed for. It is installed below the cache directory, or below `elsewhere` for a
 * user without one.
 */
export const secantusPython = (elsewhere: string): Promise<string> =>
  installed(join(usualCacheDirectory() ?? elsewhere, `secantusdb-${VERSION}-${machineKind}`));

/** The Python of the virtual environment. It is made aside and renamed: another test run sees a whole one or none. */
async function installed(target: string): Promise<string> {
  const python = join(target, "bin", "python");
  if (existsSync(python)) return python;
  const command = findOnPath("python3");
  if (!command) throw new Error("SecantusDB needs Python 3.10 or later: put python3 on PATH.");
  const parent = join(target, "..");
  mkdirSync(parent, { recursive: true });
  const making = mkdtempSync(join(parent, ".making-"));
  try {
    await run(command, ["-m", "venv", making]);
    await run(join(making, "bin", "python"), [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--only-binary",
      ":all:",
      `SecantusDB==${VERSION}`,
    ]);
    renameSync(making, target);
  } catch (error) {
    if (!existsSync(python)) throw error;
  } finally {
    rmSync(making, { recursive: true, force: true });
  }
  return python;
}

async function run(command: string, args: string[]): Promise<void> {
  const cacheDir = usualCacheDirectory();
  const result = await runTool({
    command,
    args,
    downloads: true,
    withinMs: INSTALL_WITHIN_MS,
    ...(cacheDir === undefined ? {} : { env: toolCachesBelow(cacheDir) }),
  });
  if (!result.ok) throw new Error(`SecantusDB ${VERSION} could not be installed: ${result.reason}`);
}

async function answers(url: string, port: number): Promise<void> {
  if (!(await isListening(port))) throw new Error("not listening yet");
  const client = new MongoClient(url, {
    serverSelectionTimeoutMS: ANSWER_WITHIN_MS,
    connectTimeoutMS: ANSWER_WITHIN_MS,
  });
  try {
    await client.db("admin").command({ ping: 1 });
  } finally {
    await client.close();
  }
}
