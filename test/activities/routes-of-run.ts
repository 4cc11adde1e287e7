/** What a run of a dispatch is given: routes, and an endpoint that answers when it is told to. */
import type { Route } from "../../src/activities/first-attempts.js";
import { newId } from "../../src/store/ids.js";
import type { Subscription } from "../../src/store/model.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import type { RunningAttempt } from "./running-attempt.js";

/** A new event for this subscription. */
export function routeTo(
  { eventType }: Pick<RunningAttempt, "eventType">,
  subscription: Subscription,
  more: Partial<Route> = {},
): Route {
  const id = newId("evt");
  const event = { id, type: eventType, contentType: "application/json", acceptedAt: Date.now() };
  return {
    deliveryId: `${id}.${subscription.id}`,
    event: { ...event, bytes: Buffer.from("{}") },
    subscription,
    ...more,
  };
}

export const routesTo = (running: RunningAttempt, subscription: Subscription, count: number): Route[] =>
  Array.from({ length: count }, () => routeTo(running, subscription));

export interface Hanging {
  receiver: Receiver;
  routes: Route[];
  answer: () => void;
}

/** So many deliveries to a receiver that answers once it is told to. */
export async function hangingRoutes(running: RunningAttempt, count: number): Promise<Hanging> {
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const receiver = await startReceiver({ respond: () => answered.then(() => ({ status: 204 })) });
  // Nothing of it may time out on a busy machine.
  const subscription = await running.subscribe(receiver.url, { retry: { timeoutMs: 300_000 } });
  return { receiver, routes: routesTo(running, subscription, count), answer: () => answer() };
}
