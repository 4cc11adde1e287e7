import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  noProgress,
  type RecoveryActivities,
  type RecoveryInput,
  type RecoveryProgress,
  type RecoveryStepInput,
} from "../../src/workflows/recovery/recovery-contract.js";
import { testEngine, type TestEngine } from "./engine.js";

let engine: TestEngine;
beforeAll(async () => void (engine = await testEngine()));
afterAll(() => engine.close());

const within = { timeout: 100_000, interval: 50 };
const PAGE = 4;

/**
 * Deliveries of made-up subscriptions at this pace. What is handed over is delivered when it is looked at next, unless
 * `hangs`.
 */
function deliveries(
  counts: Record<string, number>,
  { perSecond = 1_000, hangs = () => false }: { perSecond?: number; hangs?: () => boolean } = {},
) {
  const steps: (RecoveryStepInput & { at: number })[] = [];
  const orders: (string | undefined)[] = [];
  const said: { status: string; progress: RecoveryProgress; error?: string }[] = [];
  const activities: Omit<RecoveryActivities, "recoverPage"> = {
    recoverySubscriptions: async () => Object.keys(counts),
    recoveryPage: async ({ subscriptionId, cursor = "0", order }) => {
      orders.push(order);
      const [from, all] = [Number(cursor), counts[subscriptionId] ?? 0];
      const to = Math.min(from + PAGE, all);
      return {
        deliveries: Array.from({ length: to - from }, (_, index) => ({
          id: `evt_${from + index}.${subscriptionId}`,
          attempts: 1,
        })),
        perSecond,
        ...(to < all && { cursor: String(to) }),
      };
    },
    recoveryStep: async (input) => {
      steps.push({ ...input, at: Date.now() });
      const open = hangs();
      return {
        sent: input.send.map(({ id, attempts }) => ({ id, attempts, at: Date.now() })),
        skipped: {},
        perSecond,
        delivered: open ? 0 : input.watch.length,
        failedAgain: 0,
        watch: open ? input.watch : [],
      };
    },
    recordRecovery: async ({ status, progress, error }) =>
      void said.push({ status, progress: progress as RecoveryProgress, ...(error !== undefined && { error }) }),
  };
  const sent = (): string[] => steps.flatMap(({ send }) => send.map(({ id }) => id));
  return { activities, steps, said, sent, orders };
}

const start = (input: Partial<RecoveryInput> = {}) => {
  const recoveryId = randomBytes(5).toString("hex");
  return engine.client.workflow.start("recovery", {
    workflowId: `recovery/${recoveryId}`,
    taskQueue: engine.taskQueue,
    args: [{ recoveryId, filter: {}, parkOpenDays: 7, ...input } satisfies RecoveryInput],
  });
};

describe("recovery", () => {
  it("sends every page of every subscription once, over several runs, and tells how far it is", async () => {
    const counts = Object.fromEntries(Array.from({ length: 12 }, (_, index) => [`sub_${index}`, index * 3]));
    const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
    const side = deliveries(counts);
    // Without a cache each task is a replay of the whole run.
    const worker = await engine.work(side.activities, { maxCachedWorkflows: 0 });
    try {
      const handle = await start({ maxRunMs: 3_000 });
      expect(await handle.result()).toEqual({ ...noProgress(), found: total, sent: total, delivered: total });
      expect(new Set(side.sent()).size).toBe(total);
      expect(side.sent()).toHaveLength(total);
      expect(side.said.at(-1)).toEqual({
        status: "done",
        progress: { ...noProgress(), found: total, sent: total, delivered: total },
      });
      expect(side.said.slice(0, -1).every(({ status }) => status === "running")).toBe(true);
      expect(await handle.query("state")).toMatchObject({ progress: { sent: total } });
    } finally {
      await worker.stop();
    }
  }, 90_000);

  it("names each instant so that the pace is kept, whatever the size of a hand-over", async () => {
    const side = deliveries({ sub_1: 45 }, { perSecond: 10 });
    const worker = await engine.work(side.activities);
    try {
      const handle = await start();
      await handle.result();
      const instants = side.steps.flatMap(({ send }) => send.map(({ notBefore }) => notBefore));
      expect(instants).toHaveLength(45);
      for (let index = 1; index < instants.length; index++)
        expect((instants[index] ?? 0) - (instants[index - 1] ?? 0)).toBeGreaterThanOrEqual(99);
      expect(Math.max(...side.steps.map(({ send }) => send.length))).toBeLessThanOrEqual(20);
    } finally {
      await worker.stop();
    }
  });

  it("keeps the lower pace and the order that it was given, over several runs, and never a higher pace", async () => {
    for (const [ratePerSecond, distanceMs] of [
      [5, 199],
      [500, 99],
    ] as const) {
      const side = deliveries({ sub_1: 9 }, { perSecond: 10 });
      const worker = await engine.work(side.activities, { maxCachedWorkflows: 0 });
      try {
        const handle = await start({ ratePerSecond, order: "asc", maxRunMs: 1_000 });
        await handle.result();
        expect(new Set(side.orders)).toEqual(new Set(["asc"]));
        const instants = side.steps.flatMap(({ send }) => send.map(({ notBefore }) => notBefore));
        expect(instants).toHaveLength(9);
        for (let index = 1; index < instants.length; index++)
          expect((instants[index] ?? 0) - (instants[index - 1] ?? 0)).toBeGreaterThanOrEqual(distanceMs);
      } finally {
        await worker.stop();
      }
    }
  });

  it("says of what is missing that it has no records yet, and names no status", async () => {
    const side = deliveries({ sub_1: 3 });
    const worker = await engine.work(side.activities);
    try {
      const handle = await start({ filter: { mode: "missing", subscriptionId: "sub_1" } });
      await handle.result();
      expect(side.steps[0]).toMatchObject({ missing: true, statuses: [] });
    } finally {
      await worker.stop();
    }
  });

  it("hands over no more than four hand-overs to an endpoint that hangs", async () => {
    let hanging = true;
    const side = deliveries({ sub_1: 30 }, { perSecond: 2, hangs: () => hanging });
    const worker = await engine.work(side.activities);
    try {
      const handle = await start();
      await expect
        .poll(() => side.steps.filter(({ watch, send }) => watch.length === 16 && send.length === 0).length, within)
        .toBeGreaterThan(1);
      expect(side.sent()).toHaveLength(16);
      hanging = false;
      await expect.poll(() => side.sent().length, within).toBeGreaterThan(16);
      await handle.signal("cancel", {});
      await handle.result();
    } finally {
      await worker.stop();
    }
  });

  it("is paused, resumed and cancelled, over a new run too, and says what goes on", async () => {
    let hanging = false;
    const side = deliveries({ sub_1: 200 }, { perSecond: 5, hangs: () => hanging });
    const worker = await engine.work(side.activities, { maxCachedWorkflows: 0 });
    try {
      const handle = await start({ maxRunMs: 4_000 });
      await expect.poll(() => side.sent().length, within).toBeGreaterThan(0);
      await handle.signal("pause", { by: "key:1" });
      await expect.poll(() => side.said.at(-1)?.status, within).toBe("paused");
      await expect
        .poll(
          async () =>
            (await handle.query<{ progress: RecoveryProgress }>("state")).progress.delivered === side.sent().length,
          within,
        )
        .toBe(true);
      // Of the first run: on a busy machine the next one may have begun meanwhile.
      await expect.poll(async () => (await handle.describe()).runId, within).not.toBe(handle.firstExecutionRunId);
      const before = side.sent().length;
      expect(await handle.query("state")).toMatchObject({ status: "paused" });
      hanging = true;
      await handle.signal("resume");
      await expect.poll(() => side.sent().length, within).toBeGreaterThan(before);
      await handle.signal("cancel", { by: "key:2" });
      await expect.poll(() => side.said.at(-1)?.status, within).toBe("cancelled");
      const sent = side.sent().length;
      const { sent: told, delivered } = (await handle.query<{ progress: RecoveryProgress }>("state")).progress;
      expect(told).toBe(sent);
      expect(side.said.at(-1)?.error).toMatch(
        new RegExp(
          `^Cancelled by key:2\\. \\d+ that were read were not sent; ${told - delivered} that were ` +
            "handed over before go on\\.$",
        ),
      );
      hanging = false;
      expect(await handle.result()).toMatchObject({ sent, delivered: sent });
      expect(side.sent()).toHaveLength(sent);
      expect(side.said.at(-1)).toMatchObject({ status: "cancelled", progress: { sent, delivered: sent } });
    } finally {
      await worker.stop();
    }
  }, 90_000);

  it("cancelled in the Temporal UI, it finishes its step and says so in its record", async () => {
    const side = deliveries({ sub_1: 200 }, { perSecond: 5 });
    const worker = await engine.work(side.activities);
    try {
      const handle = await start();
      await expect.poll(() => side.sent().length, within).toBeGreaterThan(0);
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
      expect(side.said.at(-1)).toMatchObject({
        status: "cancelled",
        progress: { sent: side.sent().length, delivered: side.sent().length },
      });
    } finally {
      await worker.stop();
    }
  });

  it("gives live traffic that waits half of the pace, and takes it back", async () => {
    let waits = true;
    const side = deliveries({ sub_1: 120 }, { perSecond: 10 });
    const { recoveryStep } = side.activities;
    const worker = await engine.work({
      ...side.activities,
      recoveryStep: async (input) => ({
        ...(await recoveryStep(input)),
        ...(input.look && { live: { waits, tookMs: 1 } }),
      }),
    });
    try {
      const handle = await start();
      const gaps = (): number[] => {
        const instants = side.steps.flatMap(({ send }) => send.map(({ notBefore }) => notBefore));
        return instants.slice(1).map((at, index) => at - (instants[index] ?? 0));
      };
      await expect
        .poll(
          () =>
            gaps()
              .slice(-4)
              .filter((gap) => gap >= 199).length,
          within,
        )
        .toBe(4);
      waits = false;
      await expect
        .poll(
          () =>
            gaps()
              .slice(-3)
              .filter((gap) => gap <= 101).length,
          within,
        )
        .toBe(3);
      await handle.signal("cancel", {});
      await handle.result();
    } finally {
      await worker.stop();
    }
  });

  it("that began under the first release goes on at a pace from the page where it was", async () => {
    const side = deliveries({ sub_1: 10 });
    const cursors: (string | undefined)[] = [];
    const { recoveryPage } = side.activities;
    const worker = await engine.work({
      ...side.activities,
      recoveryPage: async (input) => (cursors.push(input.cursor), recoveryPage(input)),
    });
    try {
      const handle = await start({ cursor: "8", progress: { found: 8, resent: 7 }, pagesDone: 2 });
      expect(await handle.result()).toEqual({ ...noProgress(), found: 10, sent: 9, delivered: 2 });
      expect(cursors).toEqual(["8"]);
    } finally {
      await worker.stop();
    }
  });
});
