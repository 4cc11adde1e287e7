import { randomBytes } from "node:crypto";
import { setTimeout as delay } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  BREAKER_SIGNAL,
  BREAKER_WORKFLOW,
  type BreakerActivities,
  type BreakerInput,
  type BreakerTiming,
  breakerWorkflowId,
  type OutcomeReport,
  type TellHealthOrder,
} from "../../../src/workflows/breaker/breaker-contract.js";
import { type TestEngine, testEngine } from "../engine.js";

let engine: TestEngine;
beforeAll(async () => void (engine = await testEngine()));
afterAll(() => engine?.close());

/** The record and the endpoint of one subscription. */
function surroundings(disableAfterMs = 0) {
  const told: TellHealthOrder[] = [];
  const probes: string[][] = [];
  let released = 0;
  const activities: BreakerActivities = {
    tellHealth: async (order) => {
      told.push(order);
      return { disableAfterMs };
    },
    probeEndpoint: async ({ tried }) => {
      probes.push(tried);
      return { disableAfterMs, deliveryId: `d${probes.length}` };
    },
    releaseWaiting: async () => {
      released += 1;
      return { disableAfterMs, released: 0 };
    },
  };
  const states = () => told.map(({ note }) => note.state);
  return { told, probes, activities, states, released: () => released };
}

const id = (): string => `sub_${randomBytes(6).toString("hex")}`;
const report = (succeeded: number, failed: number, agoMs = 0): OutcomeReport => {
  const at = Date.now() - agoMs;
  return { from: at, to: at, succeeded, failed, trailing: failed, asOf: Date.now() };
};
const send = (subscriptionId: string, one: OutcomeReport, timing: Partial<BreakerTiming>) =>
  engine.client.workflow.signalWithStart<(input: BreakerInput) => Promise<void>, [OutcomeReport]>(BREAKER_WORKFLOW, {
    workflowId: breakerWorkflowId(subscriptionId),
    taskQueue: engine.taskQueue,
    args: [{ subscriptionId, timing }],
    signal: BREAKER_SIGNAL.report,
    signalArgs: [one],
  });
const until = async (what: string, holds: () => boolean | Promise<boolean>): Promise<void> => {
  for (let tries = 0; !(await holds()); tries++) {
    if (tries > 1_200) throw new Error(`not seen: ${what}`);
    await delay(100);
  }
};

it("opens, tries the endpoint by the clock, closes after three successes and ends", async () => {
  const { states, probes, activities, told, released } = surroundings();
  const worker = await engine.work(activities);
  const timing = { probeMs: 200, maxProbeMs: 400, rampMs: 100, tickMs: 100, windowMs: 2_000, lastsMs: 0, knownMs: 0 };
  const subscriptionId = id();
  const handle = await send(subscriptionId, report(0, 60), timing);
  await until("three probes", () => probes.length >= 3);
  expect(probes[2]).toEqual(["d1", "d2"]);
  await send(subscriptionId, report(3, 0), timing);
  await handle.result();
  expect(states().filter((state, index) => state !== states()[index - 1])).toEqual([
    "failing",
    "recovering",
    "healthy",
  ]);
  expect(told.at(-1)).toEqual({ subscriptionId, note: { state: "healthy", since: 0 }, before: "recovering" });
  expect(released()).toBeGreaterThan(0);
  await worker.stop();
}, 180_000);

it("one burst of failures opens nothing, and failures that go on for half a minute do", async () => {
  const { states, activities } = surroundings();
  const worker = await engine.work(activities);
  const subscriptionId = id();
  const handle = await send(subscriptionId, report(0, 200, 40_000), {});
  await until("degraded", () => states().includes("degraded"));
  await send(subscriptionId, report(0, 1, 5_000), {});
  await until("failing", () => states().includes("failing"));
  expect(states()).toEqual(["degraded", "failing"]);
  await handle.terminate();
  await worker.stop();
}, 180_000);

it("closes by what a worker has seen whose clock is ten minutes behind", async () => {
  const { states, probes, activities } = surroundings();
  const worker = await engine.work(activities);
  const timing = { probeMs: 200, rampMs: 100, tickMs: 100, windowMs: 2_000, lastsMs: 0, knownMs: 0 };
  const subscriptionId = id();
  const handle = await send(subscriptionId, report(0, 60), timing);
  await until("a probe", () => probes.length > 0);
  const behind = report(3, 0, 600_000);
  await send(subscriptionId, { ...behind, asOf: behind.to }, timing);
  await handle.result();
  expect(states().at(-1)).toBe("healthy");
  await worker.stop();
}, 180_000);

it("goes on where it was when its worker was lost while it was open", async () => {
  const { states, probes, activities } = surroundings();
  const first = await engine.work(activities);
  const timing = { probeMs: 1_000, maxProbeMs: 1_000, windowMs: 600_000, lastsMs: 0, knownMs: 0 };
  const subscriptionId = id();
  const handle = await send(subscriptionId, report(0, 60), timing);
  await until("a probe", () => probes.length >= 1);
  await first.stop();
  const before = probes.length;
  const second = await engine.work(activities);
  await until("another probe", () => probes.length > before);
  expect(new Set(states())).toEqual(new Set(["failing"]));
  await handle.terminate();
  await second.stop();
}, 180_000);

it("is disabled after days without a success, is warned before, and ends", async () => {
  const { told, states, activities } = surroundings(2_000);
  const worker = await engine.work(activities);
  const timing = { probeMs: 60_000, dayMs: 400, lastsMs: 0, knownMs: 0 };
  const subscriptionId = id();
  const handle = await send(subscriptionId, report(0, 60), timing);
  let ended = false;
  const result = handle.result().then(() => (ended = true));
  for (let tries = 0; !ended && tries < 600; tries++) {
    await delay(100);
    await handle.signal(BREAKER_SIGNAL.report, report(0, 1)).catch(() => undefined);
  }
  await result;
  expect(states().at(-1)).toBe("disabled");
  expect(told.flatMap(({ warning }) => warning ?? [])).toEqual(["half", "last_day"]);
  expect(told.at(-1)?.note.reason).toMatch(/^No attempt has succeeded for \d+ days\./);
  await worker.stop();
}, 180_000);

it("a start that nobody proved is refused", async () => {
  const { activities } = surroundings();
  const refused: unknown[] = [];
  const recordRefusal = async (refusal: unknown): Promise<void> => void refused.push(refusal);
  const unproven = await engine.work({ ...activities, recordRefusal }, { dataConverter: {} });
  const handle = await send(id(), report(0, 60), {});
  await expect(handle.result()).rejects.toThrow();
  expect(refused).toEqual([expect.objectContaining({ workflowType: BREAKER_WORKFLOW })]);
  await unproven.stop();
}, 180_000);
