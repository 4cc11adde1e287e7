/** I5: one consumer's latency, alone and beside consumers that fail in every way. */
import { createSubscriptionSet, type Client } from "../../test/support/client.js";
import { monotonicMs, pause, quantile } from "../clock.js";
import type { Sink } from "../sink.js";
import { type Address, publish } from "./publishers.js";

/** Low enough that two cores are not the bottleneck: each failing delivery costs a workflow of its own. */
const PER_SECOND = 5;

/** p99 in milliseconds from the publish call to the arrival at the healthy consumer. */
export interface Isolation {
  alone: number;
  /** In the first 5 s after the others began to fail, before anybody can know that they do. */
  onset: number;
  /** Afterwards. */
  beside: number;
}

/** @param seconds of the phases alone and beside, each */
export async function measureIsolation(
  admin: Client,
  address: () => Address,
  sink: Sink,
  seconds: number,
): Promise<Isolation> {
  const healthy = await createSubscriptionSet(admin, { name: "healthy", urls: [`${sink.url}/healthy`] });
  const failing = await createSubscriptionSet(admin, {
    name: "failing",
    urls: ["hangs", "refuses", "slow"].map((how) => `${sink.url}/${how}`),
    subscription: { retry: { timeoutMs: 5_000 } },
  });
  for (const { path, secret } of [...healthy.subscriptions, ...failing.subscriptions].map(({ url, secret }) => ({
    path: new URL(url).pathname,
    secret,
  })))
    sink.expectSecret(path, secret);
  sink.behave("/hangs", () => new Promise(() => undefined));
  sink.behave("/refuses", () => 500);
  sink.behave("/slow", () => pause(3_000).then(() => 204));

  async function p99(types: string[], phase: string, lasting = seconds): Promise<number> {
    const calledAt = new Map<string, number>();
    const begun = monotonicMs();
    const calls: Promise<unknown>[] = [];
    for (let turn = 0; turn < PER_SECOND * lasting; turn++) {
      const due = begun + (turn * 1_000) / PER_SECOND;
      if (due > monotonicMs()) await pause(due - monotonicMs());
      for (const type of types) {
        const id = `${phase}-${type === healthy.eventType ? "healthy" : "failing"}-${turn}`;
        if (type === healthy.eventType) calledAt.set(id, monotonicMs());
        calls.push(publish(address(), { id, type, data: { turn } }));
      }
    }
    await Promise.all(calls);
    const seen = () => sink.arrivals.filter(({ id }) => calledAt.has(id));
    for (const deadline = monotonicMs() + 60_000; seen().length < calledAt.size && monotonicMs() < deadline;)
      await pause(200);
    return quantile(
      seen().map(({ id, tick }) => tick - (calledAt.get(id) ?? tick)),
      0.99,
    );
  }
  await p99([healthy.eventType], "warm-up", 5);
  const alone = await p99([healthy.eventType], "alone");
  const onset = await p99([healthy.eventType, failing.eventType], "onset", 5);
  const beside = await p99([healthy.eventType, failing.eventType], "beside");
  return { alone, onset, beside };
}
