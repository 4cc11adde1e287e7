import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmdirSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { lockDataDirectory } from "../../../src/workers/engines/data-directory.js";
import { startEngine } from "../../../src/workers/engines/engine-process.js";
import { installOnce } from "../../../src/workers/engines/install-once.js";
import { provision } from "../../../src/workers/engines/provision.js";
import { runTool } from "../../../src/workers/engines/run-tool.js";
import { type TestEngines, testEngines } from "./fixtures.js";

const shell = (line: string): boolean => spawnSync("/bin/sh", ["-c", line]).status === 0;

/** A full disk is a small file system in memory, which only root can make. */
function canMount(): boolean {
  const directory = mkdtempSync(join(tmpdir(), "sealpost-mount-"));
  const can = shell(`mount -t tmpfs -o size=1m tmpfs ${directory} && umount ${directory}`);
  rmdirSync(directory);
  if (!can)
    process.stderr.write("No file system can be mounted here (needs root): the test of a full disk is skipped.\n");
  return can;
}

let its: TestEngines;
beforeEach(() => {
  its = testEngines();
});
afterEach(() => its.end());

describe("a start is refused in one sentence", () => {
  test.each(["temporalPort", "temporalUiPort", "mongodbPort"] as const)("when %s is taken", async (key) => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    try {
      await expect(its.start({ [key]: port })).rejects.toMatchObject({
        code: "port_in_use",
        message: expect.stringMatching(`${port}.*${key}`) as string,
      });
    } finally {
      server.close();
    }
  });

  test("when the data directory cannot be written, whoever asks", async () => {
    const file = join(its.dataDir, "a-file");
    writeFileSync(file, "");
    await expect(its.start({ dataDir: join(file, "below") })).rejects.toMatchObject({
      code: "data_dir_unwritable",
      message: expect.stringMatching(/a-file\/below.*SEALPOST_DATA_DIR/) as string,
    });
  });

  test.skipIf(!canMount())("when the disk is full, or nearly", async () => {
    const disk = join(its.dataDir, "disk");
    mkdirSync(disk);
    shell(`mount -t tmpfs -o size=1m tmpfs ${disk}`);
    try {
      const nearly = {
        code: "data_dir_unwritable",
        message: expect.stringMatching(/disk\/data is full \([01] MB are free\).*SEALPOST_DATA_DIR/) as string,
      };
      await expect(its.start({ dataDir: join(disk, "data") })).rejects.toMatchObject(nearly);
      shell(`head -c 2m /dev/zero > ${join(disk, "rest")}`);
      await expect(its.start({ dataDir: join(disk, "data") })).rejects.toMatchObject({
        ...nearly,
        message: expect.stringContaining("(ENOSPC)") as string,
      });
    } finally {
      shell(`umount ${disk}`);
    }
  });

  test("when this process has started engines there already", async () => {
    const release = lockDataDirectory(its.dataDir);
    await expect(its.start()).rejects.toMatchObject({ code: "data_dir_in_use" });
    release();
  });

  test("when no source has the program, with the reason of each", async () => {
    const sources = ["path", "download"].map((name) => ({ name, find: async () => ({ reason: `no ${name} here` }) }));
    await expect(
      provision(sources, undefined, (reasons) => `Nothing (${reasons}): set THE_KEY.`),
    ).rejects.toMatchObject({
      code: "missing_tool",
      message: "Nothing (path: no path here; download: no download here): set THE_KEY.",
    });
  });

  test("when the engine ends at once, with what it said last", async () => {
    mkdirSync(join(its.dataDir, "logs"));
    const spec = {
      name: "Engine",
      command: "/bin/sh",
      args: ["-c", "echo cannot open its file >&2; exit 3"],
      logFile: join(its.dataDir, "logs", "engine.log"),
      exitsWithStdin: true,
      answers: () => Promise.reject(new Error("no")),
      progress: () => undefined,
      onStart: () => undefined,
      onDeath: () => undefined,
    };
    await expect(startEngine(spec)).rejects.toMatchObject({
      code: "engine_failed",
      message: expect.stringMatching(
        /Engine ended at once \(exit code 3\), saying "cannot open its file".*engine\.log/,
      ) as string,
    });
    await expect(startEngine({ ...spec, command: "/nowhere/engine" })).rejects.toMatchObject({
      code: "engine_failed",
      message: expect.stringContaining("ENOENT") as string,
    });
  });
});

describe("the lock", () => {
  test("of a process that is gone, or whose id another process has now, is taken over", () => {
    const lock = join(its.dataDir, "engines.lock");
    for (const stale of [
      JSON.stringify({ pid: 2 ** 22 + 1, startMark: "1" }),
      JSON.stringify({ pid: process.ppid, startMark: "other" }),
      "half a fi",
    ]) {
      writeFileSync(lock, stale);
      lockDataDirectory(its.dataDir)();
    }
  });
});

describe("a program in the cache", () => {
  const script = "#!/bin/sh\necho it works\n";

  test("is made once, by whichever of several processes is first, and is never seen half", async () => {
    const target = join(its.dataDir, "cache", "program");
    const make = async (directory: string) => {
      const file = join(directory, "made");
      writeFileSync(file, script, { mode: 0o755 });
      return { file };
    };
    expect(await Promise.all([1, 2, 3].map(() => installOnce(target, make)))).toEqual([
      { cached: false },
      { cached: false },
      { cached: false },
    ]);
    expect(await installOnce(target, () => Promise.reject(new Error("made again")))).toEqual({ cached: true });
    expect(await runTool({ command: target, args: [], withinMs: 10_000 })).toEqual({ ok: true, output: "it works\n" });
  });

  test("that cannot be made leaves nothing behind but the reason", async () => {
    const target = join(its.dataDir, "cache", "program");
    expect(await installOnce(target, () => Promise.reject(new Error("no network")))).toEqual({ reason: "no network" });
    expect(await installOnce(target, async () => ({ reason: "no compiler" }))).toEqual({ reason: "no compiler" });
  });
});

describe("a tool", () => {
  test("that is missing, fails or takes too long gives a reason", async () => {
    const reasons = await Promise.all([
      runTool({ command: "/nowhere/tool", args: [], withinMs: 10_000 }),
      runTool({ command: "/bin/sh", args: ["-c", "echo first; echo the reason >&2; exit 1"], withinMs: 10_000 }),
      runTool({ command: "/bin/sh", args: ["-c", "exec tail -f /dev/null"], withinMs: 100 }),
    ]);
    expect(reasons.map((result) => (result.ok ? "ok" : result.reason))).toEqual([
      expect.stringContaining("ENOENT"),
      "the reason",
      expect.stringContaining("SIGKILL"),
    ]);
  });
});
