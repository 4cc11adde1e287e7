import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RecoveryInput, RecoveryProgress } from "../../src/workflows/contract.js";
import { consumer, retryInput, testEngine, type TestEngine } from "./engine.js";

let engine: TestEngine;
beforeAll(async () => void (engine = await testEngine()));
afterAll(() => engine.close());

const start = (recoveryId: string) => engine.client.workflow.start("recovery", {
  workflowId: `recovery/${recoveryId}`, taskQueue: engine.taskQueue, args: [{ recoveryId, filter: {}, parkOpenDays: 7 } satisfies RecoveryInput],
});

describe("recovery", () => {
  it("resends every page, over several runs, and records how far it is", async () => {
    const side = consumer(() => ({ status: "delivered" }));
    const said: { progress: RecoveryProgress; status: string }[] = [];
    const PAGES = 103;
    const cursors: (string | undefined)[] = [];
    const worker = await engine.work({
      ...side.activities,
      recoverPage: async ({ cursor }) => {
        cursors.push(cursor);
        const page = Number(cursor ?? 0);
        return { retries: page % 20 === 0 ? [retryInput(2)] : [], found: 3, ...(page + 1 < PAGES && { cursor: String(page + 1) }) };
      },
      recordRecovery: async ({ progress, status }) => void said.push({ progress, status }),
    });
    try {
      const handle = await start(randomBytes(5).toString("hex"));
      expect(await handle.result()).toEqual({ found: 309, resent: 12 });
      expect(cursors).toEqual([undefined, ...Array.from({ length: PAGES - 1 }, (_, page) => String(page + 1))]);
      expect(said.at(-1)).toEqual({ progress: { found: 309, resent: 12 }, status: "done" });
      expect(said.slice(0, -1).every(({ status }) => status === "running")).toBe(true);
      await expect.poll(() => side.calls.length, { timeout: 20_000 }).toBe(12);
    } finally {
      await worker.stop();
    }
  }, 90_000);

  it("can be cancelled, and says so in its record", async () => {
    const said: string[] = [];
    let pages = 0;
    const worker = await engine.work({
      recoverPage: async () => ({ retries: [], found: 1, cursor: String((pages += 1)) }),
      recordRecovery: async ({ status }) => void said.push(status),
    });
    try {
      const handle = await start(randomBytes(5).toString("hex"));
      await expect.poll(() => pages, { timeout: 20_000 }).toBeGreaterThan(2);
      await handle.cancel();
      await expect(handle.result()).rejects.toThrow();
      expect(said.at(-1)).toBe("failed");
    } finally {
      await worker.stop();
    }
  });
});
