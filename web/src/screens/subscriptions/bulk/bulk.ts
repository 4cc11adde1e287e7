/** Many subscriptions paused, or put into service again. One after the other, and each result is kept. */
import type { Subscription } from "../../../parts/subscription/model.js";

export const BULK_STEPS = ["pause", "resume"] as const;
export type BulkStep = (typeof BULK_STEPS)[number];

/** The step that takes the other one back. */
export const REVERSE = { pause: "resume", resume: "pause" } as const satisfies Record<BulkStep, BulkStep>;

type Known = Pick<Subscription, "id" | "status" | "needsVerification">;

/** Those that the step changes, so that taking it back leads to where they were. */
export const changedBy = <Row extends Known>(step: BulkStep, rows: readonly Row[]): Row[] =>
  rows.filter(({ status, needsVerification }) =>
    step === "pause" ? status === "active" : status === "paused" && needsVerification !== true,
  );

export interface BulkResult<Row> {
  done: Row[];
  failed: { row: Row; error: unknown }[];
}

/**
 * Takes the step for each of the rows. One that fails stops none of the others, unless `isFinal` says that they would
 * all fail alike. @throws what is final
 */
export async function takeEach<Row>(
  rows: readonly Row[],
  take: (row: Row) => Promise<unknown>,
  isFinal: (error: unknown) => boolean,
): Promise<BulkResult<Row>> {
  const result: BulkResult<Row> = { done: [], failed: [] };
  for (const row of rows) {
    try {
      await take(row);
      result.done.push(row);
    } catch (error) {
      if (isFinal(error)) throw error;
      result.failed.push({ row, error });
    }
  }
  return result;
}
