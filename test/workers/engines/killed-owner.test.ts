import { afterEach, beforeEach, expect, test } from "vitest";
import { readRunningEngines } from "../../../src/workers/engines/index.js";
import { isAlive } from "../../../src/workers/engines/process-identity.js";
import {
  eventually,
  hasTraces,
  leaveTraces,
  type Owner,
  startOwner,
  type TestEngines,
  testEngines,
} from "./fixtures.js";

let its: TestEngines;
let owner: Owner;
beforeEach(async () => {
  its = testEngines();
  owner = await startOwner(its.dataDir);
});
afterEach(async () => {
  owner.end();
  await its.end();
});

const pidsOf = ({ engines }: Owner): number[] => [engines.temporal.pid ?? 0, engines.mongodb.pid ?? 0];

test("a live owner keeps others from its directory, and tells them where its engines are", async () => {
  await expect(its.start()).rejects.toMatchObject({
    code: "data_dir_in_use",
    message: expect.stringMatching(`${its.dataDir}.*process ${owner.process.pid}.*SEALPOST_DATA_DIR`) as string,
  });
  expect(readRunningEngines(its.dataDir)?.temporalAddress).toBe(owner.engines.temporal.address);
  expect(pidsOf(owner).map(isAlive)).toEqual([true, true]);
});

test("engines of an owner that was killed end by themselves, and the next start finds their data", async () => {
  await leaveTraces(owner.engines, "before");
  owner.process.kill("SIGKILL");
  await eventually(() => pidsOf(owner).every((pid) => !isAlive(pid)));
  expect(readRunningEngines(its.dataDir)).toBeUndefined();
  expect(await hasTraces(await its.start(), "before")).toBe(true);
});

test("engines that outlived a killed owner are ended before their files are opened again", async () => {
  await leaveTraces(owner.engines, "before");
  // Stopped processes neither notice that the owner is gone nor heed SIGTERM.
  for (const pid of pidsOf(owner)) process.kill(pid, "SIGSTOP");
  owner.process.kill("SIGKILL");
  await eventually(() => !isAlive(owner.process.pid ?? 0));
  const engines = await its.start();
  expect(pidsOf(owner).map(isAlive)).toEqual([false, false]);
  expect(its.lines.filter((line) => line.includes("left from a killed owner"))).toHaveLength(2);
  expect(await hasTraces(engines, "before")).toBe(true);
});
