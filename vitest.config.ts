import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    globalSetup: ["test/support/engines.ts"],
    pool: "forks",
    // Two cores: more than two test processes beside the engines only wait for each other.
    maxWorkers: 2,
    // Real time passes in these tests: on a shared machine one may be starved once. A test that fails twice is broken.
    retry: process.env["CI"] ? 1 : 0,
    testTimeout: 60_000,
    hookTimeout: 120_000,
    teardownTimeout: 30_000,
  },
});
