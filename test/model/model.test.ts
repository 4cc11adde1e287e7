/**
 * Hunts for orders of steps that break a promise of the protocol. `docs/explanation/model.md` says what is modelled,
 * and how to run more orders or one seed.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { judge } from "./promises.js";
import { MOST } from "./steps.js";

const SEEDS = JSON.parse(readFileSync(new URL("seeds.json", import.meta.url), "utf8")) as number[];
/** Some seconds of CPU. More by the variable. */
const ORDERS = Number(process.env["MODEL_ORDERS"] ?? 4_000);
const LONGEST = 60;
const orders = fc.array(fc.nat({ max: MOST - 1 }), { minLength: 5, maxLength: LONGEST, size: "max" });

const seeds = process.env["MODEL_SEED"] === undefined ? SEEDS : [Number(process.env["MODEL_SEED"])];

describe("whatever comes in whatever order", () => {
  it.each(seeds)("every promise holds (seed %i)", (seed) => {
    const numRuns = Math.ceil(ORDERS / seeds.length);
    fc.assert(
      fc.property(orders, (order) => {
        expect(judge(order)).toEqual([]);
      }),
      { seed, numRuns },
    );
  });
});
