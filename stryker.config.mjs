// Mutation testing (npm run mutation): scripts/mutation.mjs runs it for one source file after another.
export default {
  plugins: ["@stryker-mutator/vitest-runner"],
  testRunner: "vitest",
  // Only the tests that reach the mutated file by their imports are run.
  vitest: { configFile: "vitest.mutation.config.ts", related: true },
  coverageAnalysis: "perTest",
  concurrency: 1,
  // A run of the tests takes some 2 s. A busy machine must not make a survivor look killed.
  timeoutMS: 30_000,
  tempDirName: ".cache/stryker",
  ignorePatterns: ["bench", "deploy", "docs", "dist", ".ci", ".sealpost", ".github"],
  reporters: ["progress-append-only"],
  checkers: [],
  allowEmpty: false,
};
