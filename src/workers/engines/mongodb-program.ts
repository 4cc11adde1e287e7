/** Where MongoDB comes from: a real one, or else FerretDB, which is built here. */
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EnvHttpProxyAgent, request } from "undici";
import { installOnce } from "./install-once.js";
import { findOnPath, machineKind } from "./machine.js";
import { provision, type ProvisionContext, type Provisioned, type Source, type SourceResult } from "./provision.js";
import { runTool } from "./run-tool.js";
import { tellIfSlow } from "./slow-steps.js";

/** The first version whose end as a replica set of one does not take 15 s. See `mongodb.ts`. */
const OLDEST_MAJOR = 5;
const MONGOD_VERSION = "8.0.12";
const FERRETDB_VERSION = "1.24.2";
/** An unreachable host must not delay the start, because the following sources do not need it. */
const REACH_WITHIN_MS = 5_000;
const BUILD_WITHIN_MS = 1_200_000;
const VERSION_WITHIN_MS = 30_000;

export const FERRETDB = "ferretdb";

/** @throws EngineError missing_tool, cache_dir_unwritable or stopped */
export function findMongodb(remembered: string | undefined, context: ProvisionContext): Promise<Provisioned> {
  const sources: Source[] = [
    { name: "path", find: onPath },
    { name: "download", find: () => fromDownload(context) },
    { name: FERRETDB, find: () => builtFerretDb(context) },
  ];
  // Data written by FerretDB cannot be read by mongod, nor the other way round.
  const readable =
    remembered === FERRETDB
      ? sources.filter(({ name }) => name === FERRETDB)
      : remembered
        ? sources.filter(({ name }) => name !== FERRETDB)
        : sources;
  return provision(
    readable,
    remembered,
    (reasons) =>
      `MongoDB could not be provided (${reasons}): set MONGODB_URL to a running one, put mongod on ` +
      "PATH, or install Go 1.24 or later, with which FerretDB is built.",
    context.signal,
  );
}

async function onPath(): Promise<SourceResult> {
  const path = findOnPath("mongod");
  if (!path) return { reason: "no mongod on PATH" };
  const version = await runTool({ command: path, args: ["--version"], withinMs: VERSION_WITHIN_MS });
  if (!version.ok) return { reason: `${path} does not run` };
  const major = /\bv(\d+)\./.exec(version.output)?.[1];
  return major !== undefined && Number(major) < OLDEST_MAJOR
    ? { reason: `${path} is MongoDB ${major}, and ${OLDEST_MAJOR} or later is needed` }
    : { path, how: "mongod on PATH" };
}

async function fromDownload({ cacheDir, progress }: ProvisionContext): Promise<SourceResult> {
  const target = join(cacheDir, `mongod-${MONGOD_VERSION}-${machineKind}`);
  const installed = await installOnce(target, async (directory) => {
    // Loaded only here, because it inspects the operating system at import and most starts do not need it.
    const [{ MongoBinary }, { MongoBinaryDownloadUrl }, { getOS }] = await Promise.all([
      import("mongodb-memory-server-core"),
      import("mongodb-memory-server-core/lib/util/MongoBinaryDownloadUrl.js"),
      import("mongodb-memory-server-core/lib/util/getos/index.js"),
    ]);
    const at = { version: MONGOD_VERSION, platform: process.platform, arch: process.arch, os: await getOS() };
    const unreachable = await whyUnreachable(await new MongoBinaryDownloadUrl(at).getDownloadUrl());
    if (unreachable) return { reason: unreachable };
    const file = await tellIfSlow(
      progress,
      `Engines: no mongod on PATH, so ${MONGOD_VERSION} is downloaded, once on this machine`,
      () => MongoBinary.getPath({ version: MONGOD_VERSION, downloadDir: directory, systemBinary: "" }),
    );
    return (await works(file)) ? { file } : { reason: "the downloaded mongod does not run" };
  });
  return "reason" in installed ? installed : { path: target, how: `downloaded mongod ${MONGOD_VERSION}` };
}

async function whyUnreachable(url: string): Promise<string | undefined> {
  const dispatcher = new EnvHttpProxyAgent({ connect: { timeout: REACH_WITHIN_MS } });
  try {
    const { statusCode, body } = await request(url, {
      method: "HEAD",
      dispatcher,
      signal: AbortSignal.timeout(REACH_WITHIN_MS),
    });
    await body.dump();
    return statusCode < 400 ? undefined : `the download host answered ${statusCode}`;
  } catch (error) {
    return `the download host cannot be reached (${(error as NodeJS.ErrnoException).code ?? (error as Error).name})`;
  } finally {
    await dispatcher.destroy();
  }
}

/** FerretDB embedded in a program of ours, see `ferretdb/main.go`. Its key in the cache changes with the sources. */
async function builtFerretDb({ cacheDir, toolEnvironment, progress, signal }: ProvisionContext): Promise<SourceResult> {
  const sources = ferretDbSources();
  if (!sources) return { reason: "its sources are not beside this program" };
  const target = join(cacheDir, `ferretdb-${FERRETDB_VERSION}-${hashOf(sources)}-${machineKind}`);
  const installed = await installOnce(target, async (directory) => {
    const go = findOnPath("go");
    if (!go) return { reason: "no Go on PATH to build it" };
    const copy = join(directory, "src");
    const file = join(directory, "ferretdb");
    mkdirSync(copy);
    cpSync(sources, copy, { recursive: true });
    const line =
      `Engines: no mongod can be had, so Go builds FerretDB ${FERRETDB_VERSION}, ` +
      "once on this machine: about two minutes";
    const build = await tellIfSlow(progress, line, () =>
      runTool({
        command: go,
        cwd: copy,
        downloads: true,
        withinMs: BUILD_WITHIN_MS,
        signal,
        args: [
          "build",
          "-mod=readonly",
          "-modcacherw",
          "-buildvcs=false",
          "-trimpath",
          "-tags",
          "ferretdb_sqlite",
          "-ldflags",
          "-s -w",
          "-o",
          file,
          ".",
        ],
        env: { ...toolEnvironment, CGO_ENABLED: "0", GOWORK: "off", PWD: copy },
      }),
    );
    return build.ok ? { file } : { reason: `go build: ${build.reason}` };
  });
  return "reason" in installed ? installed : { path: target, how: `FerretDB ${FERRETDB_VERSION}` };
}

/** Looked for upwards, as this file runs from the sources or compiled into another folder of the repository. */
function ferretDbSources(): string | undefined {
  for (let directory = dirname(fileURLToPath(import.meta.url)); ; directory = dirname(directory)) {
    const sources = join(directory, "src/workers/engines/ferretdb");
    if (existsSync(sources)) return sources;
    if (directory === dirname(directory)) return undefined;
  }
}

function hashOf(directory: string): string {
  const hash = createHash("sha256");
  for (const name of readdirSync(directory).sort())
    hash.update(`${name}\0`).update(readFileSync(join(directory, name)));
  return hash.digest("hex").slice(0, 12);
}

const works = async (path: string): Promise<boolean> =>
  (await runTool({ command: path, args: ["--version"], withinMs: VERSION_WITHIN_MS })).ok;
