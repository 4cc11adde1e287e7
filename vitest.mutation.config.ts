import { defineConfig } from "vitest/config";

/**
 * The unit tests that mutation testing runs. They start no engine and open no socket. What stands elsewhere over the
 * same sources (such as test/api/access/access.test.ts) needs engines, so it is left out here.
 */
export default defineConfig({
  test: {
    // A million seals take 10 s and more, for each mutant of the sealing; test/store/sealing/sealing-ivs.test.ts looks at
    // fewer. The clock of the token bucket jumps in 25 ways, which take as long. Three of them are enough here.
    testNamePattern: /^(?!.*(?:a million seals|\(seed (?:[4-9]|\d\d)\)))/,
    include: [
      "test/endpoint/answer/asked-wait.test.ts",
      "test/endpoint/answer/content-coding.test.ts",
      "test/endpoint/classify*.test.ts",
      "test/endpoint/health-rules.test.ts",
      "test/endpoint/outcomes.test.ts",
      "test/endpoint/retry-after*.test.ts",
      "test/endpoint/target/guard*.test.ts",
      "test/endpoint/target/deny-list*.test.ts",
      "test/endpoint/target/host-look-alikes.test.ts",
      "test/endpoint/target/target-url*.test.ts",
      "test/endpoint/target/own-service.test.ts",
      "test/api/access/access-rules*.test.ts",
      "test/store/sealing/sealing*.test.ts",
      "test/workflows/breaker/breaker-{rules,state,steps,probes}.test.ts",
      "test/workflows/clocks.test.ts",
      "test/workflows/event-id.test.ts",
      "test/workflows/gcra*.test.ts",
      "test/workflows/may-have-run.test.ts",
      "test/workflows/proof-of.test.ts",
      "test/workflows/retry/due.test.ts",
      "test/workflows/retry/items.test.ts",
      "test/workflows/retry/lanes.test.ts",
      "test/workflows/retry/run-state.test.ts",
      "test/workflows/schedule*.test.ts",
    ],
  },
});
