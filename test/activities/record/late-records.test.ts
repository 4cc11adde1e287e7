import { expect, it } from "vitest";
import { createLateRecords, dropRecorded } from "../../../src/activities/record/late-records.js";

const LONG_MS = 60_000;
/** A database that is away until it is told to be back. */
function newDatabase() {
  const state = { isAway: true, written: [] as string[], tries: 0 };
  const record = (name: string) => ({
    write: async () => {
      state.tries++;
      if (state.isAway || name === "poison") throw new Error("away");
      state.written.push(name);
    },
    recorded: () => void state.written.push(`${name} told`),
  });
  return { state, record };
}

it("writes until the database is back, one after the other, and tells each", async () => {
  const { state, record } = newDatabase();
  const warned: unknown[] = [];
  const late = createLateRecords({ log: { warn: (...given: unknown[]) => void warned.push(given) } });
  void late.add(record("a"));
  void late.add(record("b"));
  await expect.poll(() => state.tries).toBeGreaterThan(1);
  expect(state.written).toEqual([]);
  state.isAway = false;
  await late.close(LONG_MS);
  expect(state.written.toSorted()).toEqual(["a", "a told", "b", "b told"]);
  expect(warned.length).toBeGreaterThan(0);
});

it("goes on with the others while one cannot be written, and a stop does not wait for it for long", async () => {
  const { state, record } = newDatabase();
  state.isAway = false;
  const late = createLateRecords({ log: { warn: () => undefined } });
  void late.add(record("poison"));
  void late.add(record("good"));
  await expect.poll(() => state.written).toEqual(["good", "good told"]);
  await late.close(1);
  expect(state.written).toEqual(["good", "good told"]);
});

it("tells a run once its record is written, and at a stop soon without", async () => {
  const { state, record } = newDatabase();
  const stopping = new AbortController();
  const late = createLateRecords({ log: { warn: () => undefined }, stopping: stopping.signal });
  const told: string[] = [];
  const landed = late.add(record("a")).then(() => told.push("a"));
  await expect.poll(() => state.tries).toBeGreaterThan(1);
  expect(told).toEqual([]);
  state.isAway = false;
  await landed;
  expect(state.written).toEqual(["a", "a told"]);
  const poison = late.add(record("poison"));
  stopping.abort();
  await poison;
  expect(state.written).toEqual(["a", "a told"]);
});

it("gives the oldest up when too many wait", async () => {
  const { state, record } = newDatabase();
  const late = createLateRecords({ log: { warn: () => undefined } });
  void late.add(record("first"));
  await expect.poll(() => state.tries).toBe(1);
  for (let number = 0; number < 1_000; number++) void late.add(record(`${number}`));
  expect(state.written).toHaveLength(1);
  expect(state.written[0]).toMatch(/ told$/);
  state.isAway = false;
  await late.close(LONG_MS);
});

it("takes what is on record out of a table, and nothing newer", () => {
  const [old, newer] = [{}, {}];
  const table = new Map([["id", newer]]);
  dropRecorded(table, "id", old);
  expect(table.get("id")).toBe(newer);
  dropRecorded(table, "id", newer);
  expect(table.size).toBe(0);
});
