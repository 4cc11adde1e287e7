/** What people and our own API ask of a `retryDelivery`, and what it makes of that. */
import { defineQuery, defineSignal, patched, setHandler } from "@temporalio/workflow";
import { type CancelSignal, QUERY, type RetryItem, type RetrySignal, SIGNAL, type WakeSignal } from "../contract.js";
import { actorOf } from "../proof.js";
import { cancelled, startedAfresh, wokenUp } from "./items.js";
import { recordStatus } from "./retry-activities.js";
import { type ItemRequest, isSettled, openItems, type RunState } from "./run-state.js";
import { idsOf, passOf, startsOf, subscriptionOf, textsOf } from "./signal-arguments.js";

const retrySignal = defineSignal<[RetrySignal?]>(SIGNAL.retry);
const cancelSignal = defineSignal<[CancelSignal?]>(SIGNAL.cancel);
const wakeSignal = defineSignal<[WakeSignal?]>(SIGNAL.wake);
const stateQuery = defineQuery<RetryItem[]>(QUERY.state);

/** Handlers only note the requests. The loop applies them, so that nothing happens in the middle of an attempt. */
export function takeRequests(state: RunState): void {
  const note = (signal: unknown, deliveryIds: string[], request: ItemRequest): void => {
    state.news += 1;
    state.signals += 1;
    const starts = startsOf(signal, Date.now());
    for (const id of deliveryIds.length === 0 ? meant(state, subscriptionOf(signal)) : deliveryIds) {
      if (!state.items.has(id) || (request.kind === "wake" && state.requests.has(id))) continue;
      const notBefore = starts.get(id);
      state.requests.set(
        id,
        request.kind !== "cancel" && notBefore !== undefined ? { ...request, notBefore } : request,
      );
    }
  };
  setHandler(retrySignal, (signal) => note(signal, idsOf(signal), { kind: "retry" }));
  setHandler(cancelSignal, (signal) => {
    const { by, reason } = textsOf(signal);
    note(signal, idsOf(signal), { kind: "cancel", by: actorOf(signal, by), reason });
  });
  setHandler(wakeSignal, (signal) => {
    const pass = passOf(signal);
    note(signal, idsOf(signal), { kind: "wake", ...(pass && { pass }) });
  });
  setHandler(stateQuery, () => [...state.items.values()]);
}

/**
 * Without ids every delivery is meant that is not settled, or every one of a subscription. One whose cancel is being
 * recorded is as good as settled.
 */
const meant = (state: RunState, subscriptionId: string | undefined): string[] =>
  openItems(state)
    .filter((item) => subscriptionId === undefined || state.lanes.of(item).subscriptionId === subscriptionId)
    .map(({ deliveryId }) => deliveryId)
    .filter((id) => !(state.givenUp.has(id) && patched("given-up-is-settled")));

/** Applies the requests. Those for a delivery whose attempt is under way wait for its report. */
export async function apply(state: RunState): Promise<void> {
  const {
    items,
    requests,
    input: { subscriptionId },
  } = state;
  const given = new Map<string | undefined, RetryItem[]>();
  for (const [id, request] of requests) {
    const item = items.get(id);
    if (state.underWay.has(id)) continue;
    requests.delete(id);
    if (!item) continue;
    if (request.kind === "retry") items.set(id, startedAfresh(item, request.notBefore));
    else if (request.kind === "wake") items.set(id, wokenUp(item, request));
    else if (!isSettled(item))
      given.set(request.by, [
        ...(given.get(request.by) ?? []),
        cancelled(item, request.reason ?? "Cancelled by hand."),
      ]);
  }
  for (const { deliveryId } of [...given.values()].flat()) state.givenUp.add(deliveryId);
  for (const [by, some] of given) {
    await recordStatus({ subscriptionId, items: some, ...(by !== undefined && { by }) });
    for (const item of some) items.set(item.deliveryId, item);
  }
  state.givenUp.clear();
}
