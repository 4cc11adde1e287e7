/**
 * The embedded mongod as a replica set of one. No package registry holds a mongod, so this runs over a program in its
 * place (test/support/mongod.py). It has mongod's command line and rules for replica sets, and SecantusDB's data. A
 * real one on PATH is taken instead.
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import { MongoClient } from "mongodb";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { findOnPath } from "../../../src/workers/engines/machine.js";
import { freePort } from "../../../src/workers/engines/ports.js";
import { noFailPoints } from "../../support/fail-points.js";
import { secantusPython } from "../../support/secantusdb.js";
import { eventually, type TestEngines, testEngines, withMongodb } from "./fixtures.js";

const unavailable =
  findOnPath("mongod") === undefined &&
  noFailPoints !== false &&
  "no mongod is on PATH; with SEALPOST_TEST_DATABASE=secantusdb a program stands for it";
if (unavailable) process.stdout.write(`skipped: the embedded mongod (${unavailable})\n`);

const ELSEWHERE = { temporalAddress: "not-needed:7233" };

describe.skipIf(unavailable)("the embedded mongod", () => {
  const path = process.env["PATH"];
  let programs: string;
  let its: TestEngines;

  beforeAll(async () => {
    programs = mkdtempSync(join(tmpdir(), "sealpost-mongod-"));
    if (findOnPath("mongod")) return;
    const mongod = join(programs, "mongod");
    writeFileSync(
      mongod,
      `#!/bin/sh\nexec "${await secantusPython(programs)}" "${resolve("test/support/mongod.py")}" "$@"\n`,
    );
    chmodSync(mongod, 0o755);
    process.env["PATH"] = `${programs}${delimiter}${path}`;
  });
  afterAll(() => {
    process.env["PATH"] = path;
    rmSync(programs, { recursive: true, force: true });
  });
  beforeEach(() => {
    its = testEngines();
  });
  afterEach(() => its.end());

  const write = (url: string, _id: string) =>
    withMongodb(url, (client) =>
      client
        .db("kept")
        .collection<{ _id: string }>("documents")
        .insertOne({ _id }, { writeConcern: { w: "majority", j: true } }),
    );
  const ids = (url: string) =>
    withMongodb(url, async (client) =>
      (await client.db("kept").collection<{ _id: string }>("documents").find().sort({ _id: 1 }).toArray()).map(
        ({ _id }) => _id,
      ),
    );
  const hosts = (url: string) =>
    withMongodb(url, async (client) => (await client.db("admin").command({ hello: 1 }))["hosts"] as string[]);

  it("is the primary of a set of one, whose writes the driver repeats", async () => {
    const { mongodb } = await its.start(ELSEWHERE);
    expect(mongodb).toMatchObject({
      ferretDb: false,
      how: "mongod on PATH",
      url: expect.stringMatching(/^mongodb:\/\/127\.0\.0\.1:\d+\/\?replicaSet=sealpost$/) as string,
    });
    await write(mongodb.url, "one");
    expect(await hosts(mongodb.url)).toEqual([new URL(mongodb.url).host]);
    const started: string[] = [];
    const client = new MongoClient(mongodb.url, { monitorCommands: true });
    client.on(
      "commandStarted",
      ({ commandName, command }) => void started.push(`${commandName} ${"txnNumber" in command}`),
    );
    await client.db("kept").collection<{ _id: string }>("documents").insertOne({ _id: "two" });
    await client.close();
    expect(started).toContain("insert true");
  });

  it(
    "comes back as primary after kill -9 with what was acknowledged, and at another port by a new " + "configuration",
    async () => {
      const first = await its.start(ELSEWHERE);
      await write(first.mongodb.url, "before");
      for (const time of ["once", "twice"]) {
        const pid = first.mongodb.pid ?? 0;
        process.kill(pid, "SIGKILL");
        await eventually(() => first.mongodb.pid !== pid);
        await eventually(() => write(first.mongodb.url, time));
      }
      // In the middle of it: the owner ends, too, and the next start asks for another port.
      process.kill(first.mongodb.pid ?? 0, "SIGKILL");
      await first.stop();
      const mongodbPort = await freePort();
      const second = await its.start({ ...ELSEWHERE, mongodbPort });
      expect(second.mongodb.url).toBe(`mongodb://127.0.0.1:${mongodbPort}/?replicaSet=sealpost`);
      expect(await hosts(second.mongodb.url)).toEqual([`127.0.0.1:${mongodbPort}`]);
      await write(second.mongodb.url, "moved");
      expect(await ids(second.mongodb.url)).toEqual(["before", "moved", "once", "twice"]);
      await second.stop();
      const third = await its.start(ELSEWHERE);
      expect(await ids(third.mongodb.url)).toEqual(["before", "moved", "once", "twice"]);
    },
  );

  it("takes no mongod of before MongoDB 5", async () => {
    const old = join(its.dataDir, "old");
    mkdirSync(old);
    writeFileSync(join(old, "mongod"), "#!/bin/sh\necho db version v4.4.29\n", { mode: 0o755 });
    const before = { PATH: process.env["PATH"], HTTPS_PROXY: process.env["HTTPS_PROXY"] };
    // The cache is empty, nothing can be downloaded, and nothing to build with is on this PATH.
    Object.assign(process.env, { PATH: old, HTTPS_PROXY: "http://127.0.0.1:9" });
    try {
      await expect(its.start({ ...ELSEWHERE, cacheDir: join(its.dataDir, "cache") })).rejects.toThrow(
        /mongod is MongoDB 4, and 5 or later is needed/,
      );
    } finally {
      process.env["PATH"] = before.PATH;
      if (before.HTTPS_PROXY === undefined) delete process.env["HTTPS_PROXY"];
      else process.env["HTTPS_PROXY"] = before.HTTPS_PROXY;
    }
  });

  it("takes a data directory over that a standalone mongod was killed on", async () => {
    const directory = join(its.dataDir, "mongodb");
    mkdirSync(directory, { recursive: true });
    const port = await freePort();
    const standalone = spawn(
      "mongod",
      ["--bind_ip", "127.0.0.1", "--port", String(port), "--dbpath", directory, "--quiet"],
      { stdio: "ignore" },
    );
    try {
      await eventually(() => write(`mongodb://127.0.0.1:${port}/`, "standalone"));
    } finally {
      const ended = new Promise((resume) => standalone.once("exit", resume));
      standalone.kill("SIGKILL");
      await ended;
    }
    const { mongodb } = await its.start(ELSEWHERE);
    await write(mongodb.url, "converted");
    expect(await ids(mongodb.url)).toEqual(["converted", "standalone"]);
    expect(await hosts(mongodb.url)).toEqual([new URL(mongodb.url).host]);
  });
});
