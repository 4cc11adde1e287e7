/** `npm start` as people and machines run and end it: whatever is ended, and however, no process is left. */
import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { type AddressInfo, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { buildOnce, repositoryRoot } from "../support/build.js";

const root = repositoryRoot();
let directory: string;
let dataDir: string;
/** Holds a clone that is built. A start changes nothing in it, so all starts share it. */
const common = mkdtempSync(join(tmpdir(), "sealpost-npm-common-"));
const built = join(common, "clone");
beforeAll(async () => {
  await buildOnce();
  clone("built", built);
}, 240_000);
afterAll(() => rmSync(common, { recursive: true, force: true, maxRetries: 5 }));
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "sealpost-npm-"));
  dataDir = join(directory, "data");
});
afterEach(() => {
  for (const pid of processes()) process.kill(pid, "SIGKILL");
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

const SOURCES = [
  "package.json",
  "package-lock.json",
  "tsconfig.json",
  "tsconfig.build.json",
  "scripts",
  "src",
  "web",
  // The portal shows their receivers.
  "docs/how-to/receive-and-verify.md",
  "docs/how-to/verify-with-public-keys.md",
];

/**
 * The repository as a clone gives it, after `npm ci`, or after the first build. Never the repository itself: an `npm
 * ci` there would end other tests.
 */
function clone(state: "fresh" | "installed" | "built", copy = join(directory, "clone")): string {
  mkdirSync(copy);
  // Each under its whole name, with its times.
  execFileSync("cp", ["-a", "--parents", ...SOURCES, ...(state === "built" ? ["dist"] : []), copy], { cwd: root });
  if (state === "fresh") return copy;
  // The copied folders are newer than the build.
  if (state === "built") utimesSync(join(copy, "dist", ".built"), new Date(), new Date());
  // Each package by a link of its own, so that nothing in here reaches into the repository's own folder.
  mkdirSync(join(copy, "node_modules"));
  for (const name of readdirSync(join(root, "node_modules")))
    if (!name.startsWith(".")) symlinkSync(join(root, "node_modules", name), join(copy, "node_modules", name));
  writeFileSync(
    join(copy, "node_modules", ".sealpost-lock"),
    createHash("sha256")
      .update(readFileSync(join(copy, "package-lock.json")))
      .digest("hex"),
  );
  return copy;
}

interface Start {
  child: ChildProcess;
  log(): string;
  ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

interface Way {
  /** Before `npm start`. */
  command?: string[];
  /** After it. By default `npm start`. */
  args?: string[];
  cwd?: string;
  env?: Record<string, string>;
}

const SETTINGS = {
  PORT: "0",
  SEALPOST_DEMO: "0",
  SEALPOST_TRIAL_IDP: "0",
  SEALPOST_ADMIN_KEY: "sp_admin_Nk3vX0b8Qe5rTz1YhJ7mWc2LpA9sDf4GuK6iOxVtBEw",
};

/** The leader of a group of its own, as a shell starts it. */
function npmStart({ command = [], args: last = ["npm", "start"], cwd = built, env = {} }: Way = {}): Start {
  const file = join(directory, "log");
  const output = openSync(file, "a");
  const [program = "", ...args] = [...command, ...last];
  const child = spawn(program, args, {
    cwd,
    detached: true,
    stdio: ["ignore", output, output],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], ...SETTINGS, SEALPOST_DATA_DIR: dataDir, ...env },
  });
  closeSync(output);
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  return { child, ended, log: () => readFileSync(file, "utf8") };
}

/**
 * Every process that has a directory of these tests in its command line or environment, which they inherit from npm.
 */
function processes(): number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => pid !== process.pid)
    .filter((pid) => {
      const text = textOf(pid);
      return text.includes(directory) || text.includes(common);
    });
}

/** Nothing of a process that has ended, though nobody has asked how: what is in memory went with it. */
function textOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8") + readFileSync(`/proc/${pid}/environ`, "utf8");
  } catch {
    return "";
  }
}

const commands = (): string[] => processes().map((pid) => textOf(pid).split("\0").slice(0, 3).join(" "));
const said = (start: Start, what: RegExp) =>
  expect.poll(() => start.log(), { timeout: 120_000, interval: 50 }).toMatch(what);
// Each look reads two files of every process of the machine.
const nothingLeft = () => expect.poll(commands, { timeout: 60_000, interval: 300 }).toEqual([]);
const READY = /^Sealpost is ready/m;

async function ready(way?: Way): Promise<Start> {
  const start = npmStart(way);
  await said(start, READY);
  expect(
    commands().filter((command) => /temporal|ferretdb|mongod|start\.mjs/.test(command)).length,
    "else none of these checks sees anything",
  ).toBeGreaterThanOrEqual(3);
  return start;
}

const pidOf = ({ child }: Start): number => child.pid ?? 0;

describe("npm start that is ready ends with everything it started", () => {
  it.each<[string, NodeJS.Signals, number, 1 | -1]>([
    ["SIGTERM to npm alone", "SIGTERM", 1, 1],
    ["SIGINT twice to its group, as Ctrl-C", "SIGINT", 2, -1],
    ["SIGTERM twice to its group", "SIGTERM", 2, -1],
  ])("at %s, before npm has ended", async (_how, signal, times, whom) => {
    const start = await ready();
    for (let n = 0; n < times; n++) process.kill(whom * pidOf(start), signal);
    const { code } = await start.ended;
    expect(commands(), "npm waits for the service, and the service for its engines").toEqual([]);
    expect(code).toBe(0);
    expect(start.log()).toMatch(/finishing what is under way/);
  });

  it.each<[string, NodeJS.Signals, 1 | -1]>([
    ["SIGHUP to its group", "SIGHUP", -1],
    ["SIGHUP to npm alone", "SIGHUP", 1],
    ["SIGKILL to npm alone", "SIGKILL", 1],
    ["SIGKILL to its group", "SIGKILL", -1],
  ])("at %s", async (_how, signal, whom) => {
    const start = await ready();
    process.kill(whom * pidOf(start), signal);
    await nothingLeft();
  });

  it("under timeout", async () => {
    const start = await ready({ command: ["timeout", "--signal=TERM", "600"] });
    process.kill(pidOf(start), "SIGTERM");
    await start.ended;
    await nothingLeft();
    expect(start.log()).toMatch(/finishing what is under way/);
  });

  it.skipIf(!hasProgram("script"))("when its terminal is closed", async () => {
    const start = await ready({
      command: ["script", "--quiet", "--return", "--flush", "--command", "npm start", "/dev/null"],
      args: [],
    });
    process.kill(pidOf(start), "SIGKILL");
    await nothingLeft();
  });

  it.skipIf(!canUnshare())("as process 1 of a container, at SIGTERM", async () => {
    const start = await ready({
      command: ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", 'exec "$@"', "sh"],
    });
    const npm = processes().find((pid) => /^npm start/.test(textOf(pid)));
    expect(npm).toBeDefined();
    process.kill(npm ?? 0, "SIGTERM");
    await start.ended;
    await nothingLeft();
    expect(start.log()).toMatch(/finishing what is under way/);
  });
});

describe("npm start that is not ready ends with everything it started", () => {
  let silent: Server;
  beforeEach(async () => {
    silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
  });
  afterEach(() => void silent.close());

  const phases: [string, RegExp, () => Way][] = [
    [
      "installing, from a registry that does not answer",
      /^Installing the dependencies/m,
      () => ({
        cwd: clone("fresh"),
        env: {
          npm_config_registry: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/`,
          npm_config_cache: join(directory, "npm"),
          npm_config_fetch_retries: "0",
        },
      }),
    ],
    ["building", /^Building/m, () => ({ cwd: clone("installed") })],
    [
      "fetching engines, from an index that does not answer",
      /pip fetches/,
      () => ({
        env: {
          SEALPOST_CACHE_DIR: join(directory, "cache"),
          PIP_INDEX_URL: `http://127.0.0.1:${(silent.address() as AddressInfo).port}/simple`,
        },
      }),
    ],
    ["starting engines", /^Engines: MONGODB_URL is not set/m, () => ({})],
  ];
  describe.each(phases)("while it is %s", (_phase, line, way) => {
    it.each<[string, NodeJS.Signals, 1 | -1]>([
      ["SIGTERM to npm", "SIGTERM", 1],
      ["SIGKILL to npm", "SIGKILL", 1],
      ["SIGKILL to its group", "SIGKILL", -1],
    ])("at %s", async (_how, signal, whom) => {
      const start = npmStart(way());
      await said(start, line);
      process.kill(whom * pidOf(start), signal);
      await start.ended;
      await nothingLeft();
      expect(start.log()).not.toMatch(READY);
      if (signal === "SIGTERM")
        expect(existsSync(join(dataDir, "engines.lock")), "the data directory is released").toBe(false);
    });
  });
});

function hasProgram(name: string): boolean {
  const found = spawnSync("sh", ["-c", `command -v ${name}`]).status === 0;
  if (!found) process.stderr.write(`${name} is not installed: one test of npm start is skipped.\n`);
  return found;
}

function canUnshare(): boolean {
  const can = spawnSync("sh", ["-c", "unshare --pid --fork --mount-proc true"]).status === 0;
  if (!can)
    process.stderr.write("No process namespace can be made here (needs root): one test of npm start is skipped.\n");
  return can;
}
