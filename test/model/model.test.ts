/**
 * Hunts for orders of steps that break a promise of the protocol. `docs/explanation/model.md` says what is modelled,
 * and how to run more orders or one seed.
 */
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ORDERS_OF_STEPS } from "./orders.js";
import { judge } from "./promises.js";

const SEEDS = JSON.parse(readFileSync(new URL("seeds.json", import.meta.url), "utf8")) as number[];
/** About 40 s of CPU. More by the variable. */
const ORDERS = Number(process.env["MODEL_ORDERS"] ?? 100_000);
/** A busy machine takes many times as long as a quiet one. */
const PATIENCE_MS = 30 * 60_000;

const seeds = process.env["MODEL_SEED"] === undefined ? SEEDS : [Number(process.env["MODEL_SEED"])];

describe("whatever comes in whatever order", () => {
  it.each(seeds)("every promise holds (seed %i)", { timeout: PATIENCE_MS }, (seed) => {
    const numRuns = Math.ceil(ORDERS / seeds.length);
    fc.assert(
      fc.property(ORDERS_OF_STEPS, (order) => {
        // To call `expect` for each of them would take a tenth of the time.
        const broken = judge(order);
        if (broken.length > 0) expect(broken).toEqual([]);
      }),
      { seed, numRuns },
    );
  });
});
