import { describe, expect, it } from "vitest";
import { parseInstant } from "../../../../src/api/saml/response/instant.js";

describe("a time in SAML", () => {
  it.each([
    ["2026-11-26T10:00:00Z", "2026-11-26T10:00:00.000Z"],
    ["2026-11-26T10:00:00.5Z", "2026-11-26T10:00:00.500Z"],
    ["2026-11-26T10:00:00.123456789Z", "2026-11-26T10:00:00.123Z"],
    ["2026-11-26T12:30:00+02:30", "2026-11-26T10:00:00.000Z"],
    ["2026-11-25T23:00:00-11:00", "2026-11-26T10:00:00.000Z"],
    ["2028-02-29T00:00:00Z", "2028-02-29T00:00:00.000Z"],
  ])("%s", (text, meant) => expect(new Date(parseInstant(text)).toISOString()).toBe(meant));

  it.each([
    "2026-02-29T00:00:00Z",
    "2026-02-30T00:00:00Z",
    "2026-13-01T00:00:00Z",
    "2026-11-26T24:00:00Z",
    "2026-11-26T10:60:00Z",
    "2026-11-26T10:00:60Z",
    "2026-11-26T10:00:00.1234567890Z",
    "2026-11-26T10:00:00",
    "2026-11-26 10:00:00Z",
    "2026-11-26",
    " 2026-11-26T10:00:00Z",
    "2026-11-26T10:00:00z",
    "-2026-11-26T10:00:00Z",
    "",
  ])("%j is none", (text) => expect(parseInstant(text)).toBeNaN());

  it("without a zone is one of UTC only where that is said", () => {
    expect(parseInstant("2026-11-26T10:00:00", "utc")).toBe(Date.parse("2026-11-26T10:00:00Z"));
    expect(parseInstant("2026-02-30T10:00:00", "utc")).toBeNaN();
    expect(parseInstant("never", "utc")).toBeNaN();
  });
});
