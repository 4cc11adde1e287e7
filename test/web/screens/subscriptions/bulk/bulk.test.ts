import { expect, test } from "vitest";
import { changedBy, takeEach } from "../../../../../web/src/screens/subscriptions/bulk/bulk.js";

const rows = [
  { id: "a", status: "active" as const },
  { id: "b", status: "paused" as const },
  { id: "c", status: "paused" as const, needsVerification: true },
  { id: "d", status: "suspended" as const },
];

test("a step concerns those only that taking it back leads to where they were", () => {
  expect(changedBy("pause", rows).map(({ id }) => id)).toEqual(["a"]);
  expect(changedBy("resume", rows).map(({ id }) => id)).toEqual(["b"]);
});

test("one that fails stops none of the others, and is listed", async () => {
  const result = await takeEach(
    ["a", "b", "c"],
    async (id) => {
      if (id === "b") throw new Error("no");
    },
    () => false,
  );
  expect(result.done).toEqual(["a", "c"]);
  expect(result.failed.map(({ row }) => row)).toEqual(["b"]);
});

test("without a session none of the others is tried", async () => {
  const tried: string[] = [];
  await expect(
    takeEach(
      ["a", "b"],
      async (id) => {
        tried.push(id);
        throw new Error("ended");
      },
      () => true,
    ),
  ).rejects.toThrow("ended");
  expect(tried).toEqual(["a"]);
});
