import { expect, it } from "vitest";
import { newId } from "../../src/store/ids.js";

it("gives ids that differ and sort in the order they were made", () => {
  const ids = Array.from({ length: 20_000 }, () => newId("evt"));
  expect(new Set(ids).size).toBe(20_000);
  expect(ids).toEqual([...ids].sort());
  for (const id of ids.slice(0, 100)) expect(id).toMatch(/^evt_[0-9A-HJKMNP-TV-Z]{26}$/);
});

it("keeps its prefix", () => {
  expect(newId("sub")).toMatch(/^sub_/);
});
