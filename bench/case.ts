/** What a case of `npm run bench` works on, and what all cases do: the raw loop, the target of a load, the warm-up. */
import type { SubscriptionSet } from "../test/support/client.js";
import { arrived, type Row } from "./measure.js";
import type { SinkProcess, Stack } from "./stack.js";
import { cpuSeconds } from "./usage.js";

export interface Sizes {
  events: number;
  concurrency: number[];
  perSecond: number[];
  seconds: number;
  fanOut: { events: number; subscriptions: number };
  /** Deliveries that lie in the store before a burst. */
  filled: number[];
  payloadBytes: number;
  ownIds: boolean;
}

/** The raw loop at one concurrency. */
export interface RawRow {
  name: string;
  concurrency: number;
  perSecond: number;
  /** CPU seconds of load generator and sink per 1,000 requests. */
  cpuPerThousand: number;
}

/** One figure under a burden, beside the same figure without it. */
export interface Comparison {
  name: string;
  alone: number;
  burdened: number;
}

export interface Results {
  raw: RawRow[];
  rows: Row[];
  comparisons: Comparison[];
}

export interface Run extends Results {
  stack: Stack;
  sizes: Sizes;
  /** Says what is going on. */
  say: (line: string) => void;
}

/** Part of the measured size that is published, and delivered, before the measurement. */
export const WARM_UP = 0.1;

/** The limit at this concurrency, measured once in a run, in requests a second. */
export async function rawLoop(run: Run, sink: SinkProcess, concurrency: number): Promise<number> {
  const name = `raw loop${sink.tls ? ", mutual TLS" : ""}, ${concurrency} at once`;
  const known = run.raw.find((row) => row.name === name);
  if (known) return known.perSecond;
  run.say(name);
  const { load } = run.stack;
  const send = (requests: number) =>
    load.call("raw", {
      url: sink.url,
      path: "/raw",
      requests,
      concurrency,
      payloadBytes: run.sizes.payloadBytes,
      ...(sink.tls && { tls: sink.tls }),
    });
  await send(Math.ceil(run.sizes.events * WARM_UP));
  const cpu = () => cpuSeconds(load.pid) + cpuSeconds(sink.pid);
  const before = cpu();
  const { startedAt, endedAt } = await send(run.sizes.events);
  const perSecond = (run.sizes.events * 1_000) / (endedAt - startedAt);
  run.raw.push({ name, concurrency, perSecond, cpuPerThousand: ((cpu() - before) * 1_000) / run.sizes.events });
  return perSecond;
}

/** Where a load publishes to. */
export function target({ stack, sizes }: Run, set: SubscriptionSet, phase: string) {
  const { service } = stack;
  return {
    url: service.url,
    key: service.adminKey,
    eventType: set.eventType,
    payloadBytes: sizes.payloadBytes,
    ...(sizes.ownIds && { idPrefix: `${set.eventType.replace(".happened", "")}-${phase}-` }),
  };
}

/** Publishes and waits until all of it has arrived. */
export async function warmUp(
  sink: SinkProcess,
  set: SubscriptionSet,
  publish: () => Promise<{ accepted: unknown[] }>,
): Promise<void> {
  await sink.call("reset", undefined);
  const { accepted } = await publish();
  await arrived(sink, accepted.length * set.subscriptions.length);
}
