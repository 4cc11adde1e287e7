/** Writes what attempts of a run of retries came to. */
import type { Logger } from "pino";
import type { RefusedChange, Store } from "../../store/store.js";
import type { RetryItem } from "../../workflows/contract.js";
import type { AttemptResult } from "../attempt.js";
import { addedAttempt, withChange } from "../first-records.js";
import type { StoreWork } from "../places/retry-place.js";
import { changeOf } from "../retry-status.js";

/** What a delivery has come to by an attempt, and the attempt. */
export type OpenResult = RetryItem & { result: AttemptResult };

export const itemOfResult = ({ result: _result, asked: _asked, ...item }: OpenResult): RetryItem => item;

/**
 * Gives what was refused, because a delivery was changed elsewhere during its attempt. May be called again with the
 * same results: none is on record twice.
 * @throws StoreError when they cannot be written
 */
export async function writeResults(
  { store, log }: { store: Pick<Store, "deliveries">; log: Pick<Logger, "warn"> },
  { groupId, open, storeWork = (work) => work() }: { groupId: string; open: OpenResult[]; storeWork?: StoreWork },
): Promise<RefusedChange[]> {
  const changes = open.map(({ result, asked, ...item }) => ({
    ...changeOf(item),
    attempts: item.attempts - (result.attempt ? 1 : 0),
    ...(asked && { asked }),
    ...(result.attempt && { attempt: result.attempt, attemptCount: item.attempts, groupId }),
  }));
  const first = await storeWork(() => store.deliveries.record(changes));
  const refused = await Promise.all(first.map((each) => recordNext(store, each, open)));
  if (refused.length > 0)
    log.warn(
      { deliveries: refused.map(({ id, why, stands }) => ({ id, why, status: stands?.status })) },
      "deliveries were changed elsewhere during an attempt, and that change is kept",
    );
  return refused;
}

/** Writers of one delivery that come between our read and our write, before we give up. */
const TRIES = 10;

/**
 * An attempt that was made is on record, also where another one was recorded meanwhile. Ours has the next number then.
 * Gives how the delivery stands after that.
 */
async function recordNext(
  store: Pick<Store, "deliveries">,
  given: RefusedChange,
  open: readonly OpenResult[],
): Promise<RefusedChange> {
  const made = open.find(({ deliveryId }) => deliveryId === given.id);
  let refused = given;
  for (let tries = 0; made && refused.why === "outdated" && refused.stands && tries < TRIES; tries++) {
    const change = addedAttempt(refused.stands, { kind: "attempted", result: made.result });
    if (!change) break;
    const [again] = await store.deliveries.record([{ ...change, ...(made.asked && { asked: made.asked }) }]);
    if (!again) return { ...refused, stands: withChange(refused.stands, change) };
    refused = again;
  }
  return refused;
}
