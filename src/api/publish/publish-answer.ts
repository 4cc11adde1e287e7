/** What a publish is answered: the ids, one result for each event, or why it was refused. */
import type { z } from "zod";
import type { PublishResult } from "../dependencies.js";
import type { publishedBatch } from "../deliveries/schemas.js";
import { problemOf, refuse, type Refusal } from "../http/errors.js";

export type PublishAnswer = { body: unknown } | Refusal;

export function singleResult(result: PublishResult | undefined): PublishAnswer {
  if (!result) return refuse("internal");
  return result.ok ? { body: { id: result.id, duplicate: result.duplicate } } : refusalOfResult(result);
}

export function batchResult(result: PublishResult): z.input<typeof publishedBatch>[number] {
  if (result.ok) return { id: result.id, duplicate: result.duplicate };
  return { ...(result.id !== undefined && { id: result.id }), error: problemOf(refusalOfResult(result)) };
}

const refusalOfResult = (result: PublishResult & { ok: false }): Refusal =>
  refuse(
    result.code,
    undefined,
    result.code === "unavailable" ? { retryAfterSeconds: result.retryAfterSeconds ?? 5 } : {},
  );
