import { defineConfig } from "vitest/config";

/** They hold rates in real time over several processes, so nothing else may run beside them. */
const PACED = ["test/e2e/throttle.test.ts", "test/activities/throttle.test.ts", "test/activities/recover-pace.test.ts"];

export default defineConfig({
  test: {
    globalSetup: ["test/support/engines.ts"],
    pool: "forks",
    // Real time passes in these tests: on a shared machine one may be starved once. A test that fails twice is broken.
    retry: process.env["CI"] ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
    projects: [
      // Two cores: more than two test processes beside the engines only wait for each other.
      { extends: true, test: { name: "suite", include: ["test/**/*.test.ts"], exclude: PACED, maxWorkers: 2, sequence: { groupOrder: 0 } } },
      { extends: true, test: { name: "paced", include: PACED, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
