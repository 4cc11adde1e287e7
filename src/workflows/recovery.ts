/** `recovery`: sends the deliveries of a filter again, page by page; each subscription of a page gets a `retryDelivery`. */
import { CancellationScope, continueAsNew, isCancellation, proxyActivities, workflowInfo } from "@temporalio/workflow";
import type { Activities, RecoveryInput, RecoveryProgress } from "./contract.js";
import { startRetry } from "./deliver-event.js";
import { lacksProof, refuseUnproven } from "./proof.js";
import { isRunOld } from "./run-age.js";

/** Own failures (store down) only delay a page: it is read again without end. */
const { recoverPage, recordRecovery } = proxyActivities<Pick<Activities, "recoverPage" | "recordRecovery">>({
  startToCloseTimeout: "2 minutes",
  retry: { initialInterval: "500 milliseconds", backoffCoefficient: 2, maximumInterval: "30 seconds" },
});

/** Pages of one run: some 20 history events each, and as many again for every subscription in a page. */
const PAGES_PER_RUN = 100;
const MAX_HISTORY_EVENTS = 3_500;

/** Ends when the last page is under way. When it is cancelled, what was started goes on and the record says `failed`. */
export async function recovery(input: RecoveryInput): Promise<RecoveryProgress> {
  if (lacksProof(input, "internal")) return refuseUnproven(input);
  let progress = input.progress ?? { found: 0, resent: 0 };
  let { cursor } = input;
  let page = input.pagesDone ?? 0;
  const until = page + PAGES_PER_RUN;
  try {
    for (;;) {
      const { retries, found, cursor: next } = await recoverPage({ ...input, ...(cursor !== undefined && { cursor }) });
      await Promise.all(retries.map((retry) => startRetry(retry, `recovery/${input.recoveryId}/${page}/${retry.subscriptionId}`)));
      progress = { found: progress.found + found, resent: progress.resent + retries.reduce((sum, { items }) => sum + items.length, 0) };
      page += 1;
      cursor = next;
      await recordRecovery({ recoveryId: input.recoveryId, progress, status: cursor === undefined ? "done" : "running" });
      if (cursor === undefined) return progress;
      const { continueAsNewSuggested, historyLength } = workflowInfo();
      if (page >= until || continueAsNewSuggested || historyLength > MAX_HISTORY_EVENTS || isRunOld(input)) {
        await continueAsNew<typeof recovery>({ ...input, cursor, progress, pagesDone: page });
      }
    }
  } catch (error) {
    if (isCancellation(error)) {
      await CancellationScope.nonCancellable(() => recordRecovery({ recoveryId: input.recoveryId, progress, status: "failed", error: "Cancelled; what was resent before goes on." }));
    }
    throw error;
  }
}
