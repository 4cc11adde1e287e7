/** Reasons in the language of the reader: every sentence that the service writes, and none that a person wrote. */
import { describe, expect, test } from "vitest";
import { MAIL_TEXTS } from "../../../src/activities/mail/mail-languages.js";
import { toldReason } from "../../../src/activities/mail/told-reason.js";
import { OUTCOMES } from "../../../src/endpoint/outcomes.js";
import { SERVICE_REASONS } from "../../../src/store/notices/service-reasons.js";
import { newBreaker } from "../../../src/workflows/breaker/breaker-state.js";
import { verdictOfReports } from "../../../src/workflows/breaker/breaker-rules.js";

const NOW = Date.parse("2026-11-28T08:00:00.000Z");
const { de, fr, en } = MAIL_TEXTS;

/** What the breaker itself says after so many outcomes. */
function said(window: { succeeded: number; failed: number }, spanMs: number): string {
  const fresh = newBreaker({ subscriptionId: "sub_1" }, NOW);
  const run = { since: NOW - spanMs, last: NOW, failed: window.failed, days: 1, lastDay: 0 };
  const state = { ...fresh, window: [{ at: NOW - 60_000, until: NOW, ...window }], ...(spanMs > 0 && { run }) };
  return verdictOfReports(state, NOW).reason ?? "";
}

const WRITTEN = [
  ...Object.values(OUTCOMES).flatMap(({ explanation }) => [
    explanation,
    `HTTP 503: ${explanation}`,
    `Retries ran out. Last: HTTP 503: ${explanation}`,
  ]),
  ...Object.values(SERVICE_REASONS),
  said({ succeeded: 0, failed: 26 }, 6 * 60_000),
  said({ succeeded: 40, failed: 60 }, 0),
  "No attempt has succeeded for 5 days. The endpoint seems to be gone.",
  "Cancelled. 18 that were read were not sent; 2 that were handed over before go on.",
];

describe.each([
  ["German", de],
  ["French", fr],
])("in %s", (_name, texts) => {
  test.each(WRITTEN)("%s", (reason) => {
    const told = toldReason(reason, texts);
    expect(told).not.toBe(reason);
    // The figures stay, and no English does.
    expect(told.match(/\d+/g)?.filter((figure) => figure !== "15")).toEqual(
      reason.match(/\d+/g)?.filter((figure) => figure !== "15"),
    );
    expect(told).not.toMatch(/\b(the|was|were|attempts|endpoint|Last)\b/);
  });
  test("what a person wrote, and what is known beyond our sentence, stays", () => {
    for (const reason of ["The maintenance is over.", "HTTP 410", "Retries ran out of patience."])
      expect(toldReason(reason, texts)).toBe(reason);
    const { explanation } = OUTCOMES.oauth_client_refused;
    const told = toldReason(`${explanation} It answered HTTP 401: invalid_client.`, texts);
    expect(told).toBe(`${toldReason(explanation, texts)} It answered HTTP 401: invalid_client.`);
  });
});

test("a German reads why in German, with the status before it", () => {
  expect(toldReason(`HTTP 410: ${OUTCOMES.http_410.explanation}`, de)).toBe(
    "HTTP 410: Der Endpunkt meldet, dass es ihn nicht mehr gibt.",
  );
  expect(toldReason("No attempt has succeeded for 1 day. The endpoint seems to be gone.", de)).toMatch(
    /^Seit 1 Tag war/,
  );
  expect(toldReason(`Retries ran out. Last: ${OUTCOMES.dns_not_found.explanation}`, de)).toBe(
    "Alle Versuche sind verbraucht. Zuletzt: Den Hostnamen gibt es nicht, oder er hat keine Adresse.",
  );
});

test("English is as it was written", () => {
  for (const reason of WRITTEN) expect(toldReason(reason, en)).toBe(reason);
});
