/** What one run of `retryDelivery` knows. */
import { type BreakerPass, type RetryDeliveryInput, type RetryItem, SETTLED_STATUSES } from "../contract.js";
import { itemsByOurClock } from "../clocks.js";
import { createLanes, type Lanes, subscriptionsOf } from "./lanes.js";

/** What a signal asks for one delivery. A later request replaces an earlier one. */
export type ItemRequest =
  | { kind: "retry"; notBefore?: number }
  | { kind: "wake"; notBefore?: number; pass?: BreakerPass }
  | { kind: "cancel"; by: string | undefined; reason: string | undefined };

export interface RunState {
  readonly input: RetryDeliveryInput;
  readonly items: Map<string, RetryItem>;
  readonly lanes: Lanes;
  readonly requests: Map<string, ItemRequest>;
  /** Deliveries in a run of the activity. */
  readonly underWay: Set<string>;
  /** Deliveries whose cancel is being recorded. */
  readonly givenUp: Set<string>;
  /** Raised by every signal and every report: the loop has something to look at. */
  news: number;
  signals: number;
  /** When held deliveries were last looked at. */
  lookedAt: number;
  /** The clock when the loop last looked at it. */
  clock: number;
  failure?: Error;
}

export function newRunState(input: RetryDeliveryInput): RunState {
  const now = Date.now();
  const items = subscriptionsOf(input).flatMap((one) => itemsByOurClock(one.items, input.asOf, now));
  return {
    input,
    items: new Map(items.map((item) => [item.deliveryId, item])),
    lanes: createLanes(input),
    requests: new Map(),
    underWay: new Set(),
    givenUp: new Set(),
    news: 0,
    signals: 0,
    lookedAt: now,
    clock: now,
  };
}

export const isSettled = ({ status }: RetryItem): boolean => SETTLED_STATUSES.includes(status);
export const openItems = ({ items }: RunState): RetryItem[] => [...items.values()].filter((item) => !isSettled(item));

/** The input of the next run: what is open, by the clock of this one. */
export function nextInput(state: RunState): RetryDeliveryInput {
  // Their times are this workflow's own by now.
  const { asOf: _asOf, others: _others, ...same } = state.input;
  const [first, ...others] = state.lanes.bundle(openItems(state));
  return { ...same, ...(first ?? { items: [] }), ...(others.length > 0 && { others }) };
}
