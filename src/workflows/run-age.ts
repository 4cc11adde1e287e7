/**
 * How old a run may become. Its first payloads are sealed under the key of the day it began, and one day that key is
 * destroyed.
 */
import { patched, workflowInfo } from "@temporalio/workflow";
import { MAX_RUN_DAYS } from "./contract.js";
import { DAY_MS } from "./durations.js";

/**
 * History events and signals after which a workflow goes on in a new run. Temporal suggests it at 4,096 events and does
 * not count signals.
 */
const MAX_HISTORY_EVENTS = 3_500;
const MAX_SIGNALS = 8_000;

/** Whether this run has taken so many events, or signals of which the caller keeps count, that it should end. */
export function isRunFull(signals = 0): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength > MAX_HISTORY_EVENTS || signals > MAX_SIGNALS;
}

/** Age at which a run goes on in a new one, milliseconds. */
export const maxRunMs = (input: { maxRunMs?: number }): number => input.maxRunMs ?? MAX_RUN_DAYS * DAY_MS;

/**
 * Whether this run should go on in a new one. Call it where that can happen at once. The patch marker is written only
 * then, so it costs nothing before. A run of older code that went past this age without it still replays.
 */
export function isRunOld(input: { maxRunMs?: number }): boolean {
  return Date.now() - workflowInfo().runStartTime.getTime() >= maxRunMs(input) && patched("max-run-age");
}
