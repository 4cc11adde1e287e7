import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockDataDirectory } from "../../../src/workers/engines/data-directory.js";
import {
  createRecord,
  readProvision,
  readRunningEngines,
  rememberProvision,
} from "../../../src/workers/engines/record.js";

let dataDir: string;
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "sealpost-record-"));
});
afterEach(() => rmSync(dataDir, { recursive: true, force: true }));

describe("the engines that run", () => {
  it("are told once they are ready, and only while their owner lives", () => {
    const record = createRecord(dataDir);
    record.set("temporal", { pid: 4_000_001, address: "127.0.0.1:7233", uiUrl: "http://127.0.0.1:8233" });
    record.set("mongodb", { pid: 4_000_002, address: "mongodb://127.0.0.1:27017/", ferretDb: true });
    const release = lockDataDirectory(dataDir);
    expect(readRunningEngines(dataDir)).toBeUndefined();
    record.ready();
    expect(readRunningEngines(dataDir)).toEqual({
      temporalAddress: "127.0.0.1:7233",
      temporalUiUrl: "http://127.0.0.1:8233",
      mongodbUrl: "mongodb://127.0.0.1:27017/",
      ferretDb: true,
    });
    release();
    expect(readRunningEngines(dataDir)).toBeUndefined();
  });

  it("are gone with their record", () => {
    const record = createRecord(dataDir);
    record.ready();
    const release = lockDataDirectory(dataDir);
    expect(readRunningEngines(dataDir)).toEqual({ ferretDb: false });
    record.remove();
    expect(readRunningEngines(dataDir)).toBeUndefined();
    release();
  });

  it.each([
    [{ standIn: true }, true],
    [{ standIn: false }, false],
    [{ ferretDb: false }, false],
    [{}, false],
  ])("are read where an earlier release has written %j", (written, ferretDb) => {
    const release = lockDataDirectory(dataDir);
    const mongodb = { pid: 4_000_002, address: "mongodb://127.0.0.1:27017/", ...written };
    writeFileSync(join(dataDir, "engines.json"), JSON.stringify({ ready: true, mongodb }));
    expect(readRunningEngines(dataDir)).toEqual({ mongodbUrl: "mongodb://127.0.0.1:27017/", ferretDb });
    release();
  });
});

describe("what was provided last time", () => {
  it("is remembered for each engine, and nothing is left beside it", () => {
    expect(readProvision(dataDir)).toEqual({});
    const temporal = { how: "path", port: 7233, uiPort: 8233 };
    rememberProvision(dataDir, { temporal });
    rememberProvision(dataDir, { mongodb: { how: "ferretdb", port: 27017 } });
    expect(readProvision(dataDir)).toEqual({ temporal, mongodb: { how: "ferretdb", port: 27017 } });
    expect(readdirSync(dataDir)).toEqual(["provision.json"]);
  });
});
