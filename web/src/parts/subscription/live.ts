/** What a page shows of subscriptions, asked for anew when one of them has changed. */
import { type QueryKey, useQueryClient } from "@tanstack/react-query";
import { useEffect, useMemo, useState } from "react";
import { type Followed, followChanges } from "../../api/stream.js";

interface LiveQueries {
  /** What else changes what is shown. Subscriptions alone when absent. */
  also?: Followed;
  /** Only when this subscription has changed. */
  subscriptionId?: string;
  /** Nothing is asked while this is false. */
  isOn?: boolean;
  /** How long changes are gathered, milliseconds. */
  gatheredMs?: number;
}

/** @param queryKeys what is asked anew. It must be the same array at each render. */
export function useLiveQueries(
  queryKeys: readonly QueryKey[],
  { also, subscriptionId, gatheredMs, isOn = true }: LiveQueries = {},
): void {
  const client = useQueryClient();
  useEffect(() => {
    if (!isOn) return;
    return followChanges({
      about: also ? ["subscription", also] : ["subscription"],
      changed: () => Promise.all(queryKeys.map((queryKey) => client.invalidateQueries({ queryKey }))),
      ...(subscriptionId !== undefined && { subscriptionId }),
      ...(gatheredMs !== undefined && { gatheredMs }),
    });
  }, [client, queryKeys, also, subscriptionId, gatheredMs, isOn]);
}

/**
 * All that is shown of one subscription. Gives a function to call before it is deleted here, so that nothing is asked
 * of it any more, and when that failed.
 */
export function useLiveSubscription(id: string): (isLeaving: boolean) => void {
  const [isLeaving, setLeaving] = useState(false);
  const queryKeys = useMemo(() => [["subscription", id], ["subscriptions"]], [id]);
  useLiveQueries(queryKeys, { subscriptionId: id, isOn: !isLeaving });
  return setLeaving;
}
