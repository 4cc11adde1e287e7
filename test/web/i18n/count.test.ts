import { afterAll, expect, test, vi } from "vitest";

afterAll(() => vi.unstubAllGlobals());

test("a count in a sentence is written as people write numbers, and nothing else is changed", async () => {
  // The words are made when they are first asked for, in the reader's English.
  vi.stubGlobal("navigator", { languages: ["en-GB"] });
  const { t } = await import("../../../web/src/i18n/index.js");
  expect(t("payload.bytes", { count: 942_013 })).toBe("942,013 bytes");
  expect(t("payload.bytes", { count: 1 })).toBe("1 byte");
  expect(t("payload.found", { number: 1_204, count: 2_408 })).toBe("1204 of 2,408");
  expect(t("event.title", { id: "2026" })).toBe("Event 2026");
});
