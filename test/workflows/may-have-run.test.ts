import { expect, it } from "vitest";
import { mayHaveRun } from "../../src/workflows/may-have-run.js";

it("is a first run only with a new history, and outside of a replay", () => {
  expect(mayHaveRun({ historyLength: 3, isReplaying: false })).toBe(false);
  // A task that timed out lies between.
  expect(mayHaveRun({ historyLength: 6, isReplaying: false })).toBe(true);
  // The first task was completed while the dispatch went on, and its worker is gone.
  expect(mayHaveRun({ historyLength: 3, isReplaying: true })).toBe(true);
});
