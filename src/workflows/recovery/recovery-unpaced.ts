/**
 * Recoveries that began under the first release: what their histories hold must replay. They go on at a pace at the
 * next page.
 */
import { CancellationScope, continueAsNew, isCancellation, patched, proxyActivities } from "@temporalio/workflow";
import { startRetry } from "../deliver-event.js";
import type { RecoveryActivities, RecoveryInput, UnpacedProgress } from "./recovery-contract.js";
import { isRunFull, isRunOld } from "../run-age.js";

/** Own failures (store down) only delay a page: it is read again without end. */
const { recoverPage, recordRecovery } = proxyActivities<Pick<RecoveryActivities, "recoverPage" | "recordRecovery">>({
  startToCloseTimeout: "2 minutes",
  retry: { initialInterval: "500 milliseconds", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

const PAGES_PER_RUN = 100;

/** Replays what was done. The first page that is read live is the last one without a pace. */
export async function unpacedRecovery(input: RecoveryInput): Promise<UnpacedProgress> {
  let progress: UnpacedProgress =
    input.progress && "resent" in input.progress ? input.progress : { found: 0, resent: 0 };
  let { cursor } = input;
  let page = input.pagesDone ?? 0;
  const until = page + PAGES_PER_RUN;
  try {
    for (;;) {
      const { retries, found, cursor: next } = await recoverPage({ ...input, ...(cursor !== undefined && { cursor }) });
      await Promise.all(
        retries.map((retry) => startRetry(retry, `recovery/${input.recoveryId}/${page}/${retry.subscriptionId}`)),
      );
      progress = {
        found: progress.found + found,
        resent: progress.resent + retries.reduce((sum, { items }) => sum + items.length, 0),
      };
      page += 1;
      cursor = next;
      await recordRecovery({
        recoveryId: input.recoveryId,
        progress,
        status: cursor === undefined ? "done" : "running",
      });
      if (cursor === undefined) return progress;
      const full = page >= until || isRunFull() || isRunOld(input);
      // An id of its own. A marker found at this place must not be taken for one at the start of the run.
      if (full || patched("recovery-goes-on-paced"))
        await continueAsNew({ ...input, cursor, progress, pagesDone: page });
    }
  } catch (error) {
    if (isCancellation(error)) {
      await CancellationScope.nonCancellable(() =>
        recordRecovery({
          recoveryId: input.recoveryId,
          progress,
          status: "failed",
          error: "Cancelled; what was resent before goes on.",
        }),
      );
    }
    throw error;
  }
}
