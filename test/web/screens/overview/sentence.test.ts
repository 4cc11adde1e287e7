import { afterAll, beforeAll, expect, test, vi } from "vitest";
import type { sentencesOf as Sentences } from "../../../../web/src/screens/overview/sentence.js";

let sentencesOf: typeof Sentences;
beforeAll(async () => {
  vi.stubGlobal("navigator", { languages: ["en-GB"] });
  ({ sentencesOf } = await import("../../../../web/src/screens/overview/sentence.js"));
});
afterAll(() => vi.unstubAllGlobals());

const STATUSES = { draft: 0, verified: 0, submitted: 0, approved: 0, active: 6, paused: 0, suspended: 0, rejected: 0 };

test.each([
  [1, 0, "1 of 7 endpoints is failing."],
  [1, 1, "1 of 7 endpoints is disabled, and gets nothing until it is resumed."],
  [4, 2, "2 of 7 endpoints are failing. 2 of 7 endpoints are disabled, and get nothing until they are resumed."],
])("%i that fail, of which %i are disabled, are told as the cards count them", (failing, disabled, expected) => {
  const [how] = sentencesOf({
    sentence: { code: "some_failing", values: { inService: 7, failing, degraded: 0, waiting: 0, waitingExact: true } },
    subscriptions: {
      total: 7,
      byStatus: { ...STATUSES, disabled },
      byHealth: { healthy: 7 - failing, degraded: 0, recovering: 0, failing: failing - disabled, disabled },
    },
  });
  expect(how).toBe(expected);
});
