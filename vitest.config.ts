import { BaseSequencer, type TestSpecification } from "vitest/node";
import { defineConfig } from "vitest/config";

/** They hold rates in real time over several processes, so nothing else may run beside them. */
const PACED = [
  "test/e2e/crash.test.ts",
  "test/e2e/throttle.test.ts",
  "test/activities/pace/throttle.test.ts",
  "test/activities/pace/paced-retries.test.ts",
  "test/activities/recover-pace.test.ts",
];
/**
 * They change what a process has once, such as its umask or its PATH, or end processes by what they find of them. So
 * each file has a process of its own. A service that a test starts is a process of its own anyway.
 */
const OWN_PROCESS = [
  "test/workers/private-files.test.ts",
  "test/workers/npm-start.test.ts",
  "test/workers/engines/*.test.ts",
  "test/workers/process/*.test.ts",
];
/** They take longest, up to minutes. What is begun last should be short, or one process works while three wait. */
const LONG =
  /\/test\/(e2e|workers|workflows|activities|model|docs|deploy|store\/(deliveries|sealing|grants|audit)|api\/publish\/accept)\//;

/**
 * Files of a process of their own first, then the long ones. The others keep the modules that they have loaded while
 * none of the first comes between.
 */
class Sequencer extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ project, moduleId }: TestSpecification): number =>
      project.name === "own-process" ? 0 : LONG.test(moduleId) ? 1 : 2;
    return sorted.sort((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  test: {
    globalSetup: ["test/support/engines.ts"],
    pool: "forks",
    // Real time passes in these tests: on a shared machine one may be starved once. A test that fails twice is broken.
    retry: process.env["CI"] ? 1 : 0,
    // Generous, as four test processes share two cores: a time-out is there to end what hangs, not to measure. A test
    // waits up to 120 s for one condition, and often for a second one after it.
    testTimeout: 300_000,
    // The first hook that needs the build waits for it, and a busy machine took more than two minutes.
    hookTimeout: 300_000,
    teardownTimeout: 30_000,
    // A condition that a test waits for; the default of 1 s is too short for a busy machine.
    expect: { poll: { timeout: 30_000 } },
    // Of tests that say they may run at once. They wait for a clock, not for the processor.
    maxConcurrency: 20,
    sequence: { sequencer: Sequencer },
    projects: [
      // Two cores: a test process waits for an engine, a timer or a child more than half of its time.
      {
        extends: true,
        test: { name: "own-process", include: OWN_PROCESS, exclude: PACED, maxWorkers: 4, sequence: { groupOrder: 0 } },
      },
      // Nothing of the source is kept in modules that a second file may not meet. To load them takes 3 s of CPU, which
      // a file pays only once in each process.
      {
        extends: true,
        test: {
          name: "suite",
          include: ["test/**/*.test.ts"],
          exclude: [...PACED, ...OWN_PROCESS],
          isolate: false,
          maxWorkers: 4,
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: "paced", include: PACED, maxWorkers: 1, sequence: { groupOrder: 1 } } },
    ],
  },
});
