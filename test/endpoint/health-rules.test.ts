import { describe, expect, test } from "vitest";
import { countsAs, ratesOf } from "../../src/endpoint/health-rules.js";
import type { BreakerState } from "../../src/workflows/breaker/breaker-contract.js";
import { type RateVerdict, verdictOfReports } from "../../src/workflows/breaker/breaker-rules.js";
import { newBreaker, reported } from "../../src/workflows/breaker/breaker-state.js";
import type { Attempt } from "../../src/store/model.js";

const NOW = new Date("2026-01-01T12:00:00.000Z");
const before = (seconds: number): Date => new Date(NOW.getTime() - seconds * 1_000);

interface Made {
  /** Seconds before now. */
  ago: number;
  status?: number;
  durationMs?: number;
}
const attempt = ({ ago, status, durationMs = 10 }: Made): Attempt => ({
  number: 1,
  at: before(ago),
  outcome:
    status === undefined ? "timeout_connect" : status < 300 ? "delivered" : status < 500 ? "http_4xx" : "http_5xx",
  ...(status !== undefined && { status }),
  durationMs,
});
/** So many, a second after another, the last one so many seconds ago. */
const several = (count: number, made: Made, apart = 1): Attempt[] =>
  Array.from({ length: count }, (_, index) => attempt({ ...made, ago: made.ago + (count - 1 - index) * apart }));
const oldestFirst = (...attempts: Attempt[]): Attempt[] => attempts.sort((a, b) => a.at.getTime() - b.at.getTime());
/** As a process reports them one by one. */
function verdictOf(attempts: readonly Attempt[], now: Date): RateVerdict {
  let breaker: BreakerState = newBreaker({ subscriptionId: "sub_1" }, 0);
  for (const attempt of attempts) {
    const counts = countsAs(attempt);
    const at = attempt.at.getTime();
    const failed = counts === "failure" ? 1 : 0;
    const succeeded = counts === "success" ? 1 : 0;
    const report = { from: at, to: at, succeeded, failed, trailing: failed, asOf: at };
    if (counts) breaker = reported(breaker, report, at);
  }
  return verdictOfReports(breaker, now.getTime());
}
const state = (...attempts: Attempt[]) => verdictOf(oldestFirst(...attempts), NOW).state;

describe("an endpoint is healthy", () => {
  test("where nothing was sent", () => expect(verdictOf([], NOW)).toEqual({ state: "healthy" }));

  test("while fewer than twenty attempts tell nothing of a rate", () => {
    expect(state(...several(10, { ago: 1, status: 500 }), ...several(9, { ago: 100, status: 200 }))).toBe("healthy");
  });

  test("at 95 of 100", () => {
    expect(state(...several(5, { ago: 10, status: 500 }), ...several(95, { ago: 20, status: 200 }))).toBe("healthy");
  });

  test("whatever failed more than 15 minutes ago, once an attempt succeeded", () => {
    expect(state(...several(100, { ago: 901, status: 500 }, 10), attempt({ ago: 1, status: 200 }))).toBe("healthy");
  });

  test("if it refuses single events", () => {
    for (const status of [400, 409, 413, 422])
      expect(state(...several(200, { ago: 1, status }, 3)), String(status)).toBe("healthy");
  });
});

describe("an endpoint is degraded", () => {
  test("below 95 of 100 attempts in 15 minutes", () => {
    const attempts = oldestFirst(...several(6, { ago: 10, status: 500 }), ...several(94, { ago: 20, status: 200 }));
    expect(verdictOf(attempts, NOW)).toEqual({
      state: "degraded",
      reason: "94 of the last 100 attempts succeeded, within 15 minutes.",
    });
  });

  test("from twenty attempts on, down to a half of fifty", () => {
    expect(state(...several(18, { ago: 10, status: 200 }), ...several(2, { ago: 40 }))).toBe("degraded");
    expect(state(...several(25, { ago: 10, status: 200 }), ...several(25, { ago: 40 }))).toBe("degraded");
    // In a burst of less than five minutes forty-nine are too few to tell.
    expect(state(...several(49, { ago: 1, status: 503 }))).toBe("degraded");
  });

  test("single refused events are not counted in", () => {
    expect(
      state(
        ...several(500, { ago: 1, status: 422 }),
        ...several(15, { ago: 10, status: 200 }),
        ...several(5, { ago: 40 }),
      ),
    ).toBe("degraded");
  });
});

describe("an endpoint is failing", () => {
  test("if none of the last ten attempts succeeded over five minutes", () => {
    const attempts = oldestFirst(attempt({ ago: 1_000, status: 200 }), ...several(10, { ago: 60 }, 40));
    expect(verdictOf(attempts, NOW)).toEqual({
      state: "failing",
      reason: "None of the last 10 attempts succeeded, over 6 minutes.",
    });
  });

  test("by the whole run of failures, so also at a high rate", () => {
    expect(state(attempt({ ago: 1_000, status: 200 }), ...several(400, { ago: 1, status: 503 }))).toBe("failing");
  });

  test("not by nine attempts, not within five minutes, and not after a success", () => {
    expect(state(...several(9, { ago: 60 }, 40))).toBe("healthy");
    expect(state(...several(10, { ago: 60 }, 33))).toBe("healthy");
    expect(state(...several(10, { ago: 60 }, 34))).toBe("failing");
    expect(state(...several(10, { ago: 60 }, 40), attempt({ ago: 1, status: 200 }))).toBe("healthy");
  });

  test("below a half of at least fifty attempts in 15 minutes, if that lasts for half a minute", () => {
    const well = several(24, { ago: 70, status: 200 });
    expect(state(...well, ...several(26, { ago: 1 }, 2))).toBe("failing");
    expect(state(...well, ...several(26, { ago: 1 }))).toBe("degraded");
    expect(state(...several(24, { ago: 1, status: 200 }), ...several(26, { ago: 40 }, 2))).toBe("degraded");
  });

  test("by answers that concern every event, and by redirects", () => {
    for (const status of [401, 403, 404, 405, 302])
      expect(state(...several(10, { ago: 60, status }, 40)), String(status)).toBe("failing");
  });
});

describe("rates", () => {
  test("count what lies in the time, and tell refused events apart", () => {
    const attempts = oldestFirst(
      attempt({ ago: 3_601, status: 200 }),
      ...several(3, { ago: 10, status: 200 }),
      attempt({ ago: 5 }),
      attempt({ ago: 4, status: 400 }),
    );
    expect(ratesOf(attempts, before(3_600))).toMatchObject({
      attempts: 4,
      succeeded: 3,
      failed: 1,
      refused: 1,
      successRate: 0.75,
    });
  });

  test("count an attempt at the beginning of the time", () => {
    expect(ratesOf([attempt({ ago: 10, status: 200 })], before(10)).attempts).toBe(1);
    expect(ratesOf([attempt({ ago: 11, status: 200 })], before(10)).attempts).toBe(0);
  });

  test("of nothing are absent", () => {
    expect(ratesOf([], NOW)).toEqual({ attempts: 0, succeeded: 0, failed: 0, refused: 0 });
  });

  test("leave out what was never sent", () => {
    const unsent: Attempt = { ...attempt({ ago: 1 }), outcome: "request_invalid" };
    expect(countsAs(unsent)).toBeUndefined();
    expect(ratesOf([unsent, attempt({ ago: 1 })], before(10))).toMatchObject({ attempts: 1, failed: 1, refused: 0 });
  });

  test("count it as a failure that an endpoint refuses an event for now", () => {
    const later: Attempt = { ...attempt({ ago: 1, status: 409 }), outcome: "http_4xx_later" };
    expect(countsAs(later)).toBe("failure");
    expect(ratesOf([later], before(10))).toMatchObject({ failed: 1, refused: 0 });
  });

  test("give the times of answered attempts by the nearest rank", () => {
    const attempts = Array.from({ length: 100 }, (_, index) =>
      attempt({ ago: 100 - index, status: index % 2 ? 200 : 503, durationMs: ((index * 37) % 100) + 1 }),
    );
    expect(ratesOf(attempts, before(1_000))).toMatchObject({ p50Ms: 50, p95Ms: 95 });
    expect(ratesOf([attempt({ ago: 1, status: 200, durationMs: 7 })], before(10))).toMatchObject({
      p50Ms: 7,
      p95Ms: 7,
    });
    const unanswered = ratesOf([attempt({ ago: 1, durationMs: 9_000 })], before(10));
    expect(Object.keys(unanswered)).toEqual(["attempts", "succeeded", "failed", "refused", "successRate"]);
  });
});
