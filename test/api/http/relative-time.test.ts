import { describe, expect, it } from "vitest";
import { z } from "zod";
import { carryOn, hasBounds, reckon } from "../../../src/api/http/relative-time.js";

const NOW = Date.UTC(2026, 10, 24, 12);

describe("bounds of a list", () => {
  it("are reckoned from now on the first page, and from the same instant on the next", () => {
    const first = reckon({ since: "-24h", until: "-15m", limit: 10 }, NOW);
    const query = { since: "2026-11-23T12:00:00.000Z", until: "2026-11-24T11:45:00.000Z", limit: 10 };
    expect(first).toEqual({ query, frozen: NOW });
    const cursor = carryOn("WzEsImEiXQ", first.frozen);
    expect(reckon({ since: "-24h", until: "-15m", limit: 10, cursor }, NOW + 3_600_000)).toEqual({
      query: { ...query, cursor: "WzEsImEiXQ" },
      frozen: NOW,
    });
  });
  it("that are instants stay as they are", () => {
    const query = { since: "2026-11-23T12:00:00Z", cursor: "WzEsImEiXQ" };
    expect(reckon(query, NOW)).toEqual({ query });
    expect(carryOn("WzEsImEiXQ", undefined)).toBe("WzEsImEiXQ");
  });
  it("may become instants between two pages", () => {
    const cursor = carryOn("WzEsImEiXQ", NOW);
    expect(reckon({ since: "2026-11-23T12:00:00Z", cursor }, NOW)).toEqual({
      query: { since: "2026-11-23T12:00:00Z", cursor: "WzEsImEiXQ" },
    });
  });
  it("are known by their names", () => {
    expect(hasBounds(z.object({ since: z.string() }).shape)).toBe(true);
    expect(hasBounds(z.object({ limit: z.string() }).shape)).toBe(false);
    expect(hasBounds(undefined)).toBe(false);
  });
});
