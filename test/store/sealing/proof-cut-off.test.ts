import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { loadProofCutOff, type ProofCutOffDocument } from "../../../src/store/sealing/proof-cut-off.js";
import { openDatabase, type TestDatabase } from "../database.js";

let database: TestDatabase;
beforeAll(async () => void (database = await openDatabase(inject("mongodbUrl"), "cutoff")));
afterAll(() => database.close());

const settings = (name: string) => database.client.db(database.name).collection<ProofCutOffDocument>(name);
const days = (...living: string[]) => ({ livingDays: async () => living });
const noon = Date.UTC(2027, 0, 10, 12);

it("is the day after the first start, written once for all processes", async () => {
  const first = await Promise.all(
    [1, 2, 3, 4].map(() => loadProofCutOff(settings("upgraded"), days("2027-01-09"), () => noon)),
  );
  expect(new Set(first)).toEqual(new Set(["2027-01-11"]));
  expect(
    await loadProofCutOff(settings("upgraded"), days("2027-01-09", "2027-03-01"), () => noon + 90 * 86_400_000),
  ).toBe("2027-01-11");
  expect(await settings("upgraded").find().toArray()).toMatchObject([
    { _id: "temporalProofs", firstRunAt: new Date(noon), legacyUntil: "2027-01-11" },
  ]);
});

it("is never where nothing had been sealed before, also once something was", async () => {
  expect(await loadProofCutOff(settings("fresh"), days(), () => noon)).toBe("");
  expect(await loadProofCutOff(settings("fresh"), days("2027-01-10"), () => noon)).toBe("");
});

it("is recorded when the store opens", async () => {
  const store = await database.openStore();
  expect(store.temporalLegacyUntil).toBe("");
});
