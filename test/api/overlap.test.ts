import { describe, expect, test } from "vitest";
import { rotatedWith } from "../../src/api/overlap.js";

const NOW = new Date("2026-11-26T12:00:00Z");
const after = (seconds: number) => new Date(NOW.getTime() + seconds * 1_000);
interface Key {
  id: string;
  expiresAt?: Date;
}
const rotated = (before: readonly Key[], overlapSeconds: number, most = 3) =>
  rotatedWith<Key>({ id: "new" }, before, { overlapSeconds, now: NOW, most });

describe("what was there before", () => {
  test("counts until the overlap ends, behind the new one", () => {
    expect(rotated([{ id: "old" }], 60)).toEqual([{ id: "new" }, { id: "old", expiresAt: after(60) }]);
  });

  test("keeps its own end where that is sooner, and is not prolonged by a second rotation", () => {
    expect(rotated([{ id: "old", expiresAt: after(30) }], 60)[1]?.expiresAt).toEqual(after(30));
    expect(rotated([{ id: "old", expiresAt: after(90) }], 60)[1]?.expiresAt).toEqual(after(60));
  });

  test("ends at once without an overlap, and is left out when it has ended", () => {
    expect(rotated([{ id: "old" }], 0)).toEqual([{ id: "new" }]);
    expect(rotated([{ id: "old", expiresAt: NOW }], 60)).toEqual([{ id: "new" }]);
  });

  test("is left out from the oldest on when there would be too many", () => {
    expect(rotated([{ id: "b" }, { id: "a" }], 60, 2).map(({ id }) => id)).toEqual(["new", "b"]);
  });
});
