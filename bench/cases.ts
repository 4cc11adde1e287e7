/** What is measured. Each case warms up first, on the same subscriptions, and is then measured alone. */
import type { SubscriptionSet } from "../test/support/client.js";
import { arrived, measured, type Row } from "./measure.js";
import { type SinkProcess, type Stack, subscribe } from "./stack.js";
import { cpuSeconds } from "./usage.js";

export interface Sizes {
  events: number;
  concurrency: number[];
  perSecond: number[];
  seconds: number;
  fanOut: { events: number; subscriptions: number };
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

export interface Results {
  raw: RawRow[];
  rows: Row[];
}

export interface Run extends Results {
  stack: Stack;
  sizes: Sizes;
  /** Says what is going on. */
  say: (line: string) => void;
}

export const CASES = {
  a: { title: "burst, one subscription", run: burst },
  b: { title: "paced publishes", run: paced },
  c: { title: "fan-out", run: fanOut },
  d: { title: "burst over mutual TLS", run: mutualTls },
  e: { title: "raw loop", run: rawLoops },
} as const;
export type CaseName = keyof typeof CASES;

/** Part of the measured size that is published, and delivered, before the measurement. */
const WARM_UP = 0.1;

async function burst(run: Run): Promise<void> {
  for (const concurrency of run.sizes.concurrency) await burstTo(run, run.stack.plainSink, "burst", concurrency);
}

async function mutualTls(run: Run): Promise<void> {
  await burstTo(run, run.stack.tlsSink, "burst, mutual TLS", Math.max(...run.sizes.concurrency));
}

async function burstTo(run: Run, sink: SinkProcess, name: string, concurrency: number): Promise<void> {
  const { stack, sizes } = run;
  const rawPerSecond = await rawLoop(run, sink, concurrency);
  const set = await subscribe(stack, sink, `burst-${sink.tls ? "tls" : "plain"}-${concurrency}`);
  const publish = (events: number, phase: string) =>
    stack.load.call("burst", { ...target(run, set, phase), events, concurrency });
  run.say(`${name}, ${concurrency} clients: warm-up`);
  await warmUp(sink, set, () => publish(Math.ceil(sizes.events * WARM_UP), "w"));
  run.say(`${name}, ${concurrency} clients: measured`);
  const row = await measured(`${name}, ${concurrency} clients`, { stack, sink, set }, () => publish(sizes.events, "m"));
  run.rows.push({ ...row, ofRawLoop: row.deliveredPerSecond / rawPerSecond });
}

async function paced(run: Run): Promise<void> {
  const { stack, sizes } = run;
  for (const perSecond of sizes.perSecond) {
    const set = await subscribe(stack, stack.plainSink, `paced-${perSecond}`);
    const publish = (seconds: number, phase: string) =>
      stack.load.call("paced", {
        ...target(run, set, phase),
        perSecond,
        seconds,
        temporalAddress: stack.service.temporalAddress,
      });
    run.say(`${perSecond}/s: warm-up`);
    await warmUp(stack.plainSink, set, () => publish(3, "w"));
    run.say(`${perSecond}/s: measured`);
    run.rows.push(
      await measured(`paced ${perSecond}/s`, { stack, sink: stack.plainSink, set }, () => publish(sizes.seconds, "m")),
    );
  }
}

async function fanOut(run: Run): Promise<void> {
  const { stack, sizes } = run;
  const { events, subscriptions } = sizes.fanOut;
  const concurrency = 32;
  const rawPerSecond = await rawLoop(run, stack.plainSink, concurrency);
  run.say(`fan-out: ${subscriptions} subscriptions`);
  const set = await subscribe(stack, stack.plainSink, "fan-out", subscriptions);
  const publish = (count: number, phase: string) =>
    stack.load.call("burst", { ...target(run, set, phase), events: count, concurrency });
  run.say("fan-out: warm-up");
  await warmUp(stack.plainSink, set, () => publish(Math.ceil(events * WARM_UP), "w"));
  run.say("fan-out: measured");
  const row = await measured(`fan-out ${events} × ${subscriptions}`, { stack, sink: stack.plainSink, set }, () =>
    publish(events, "m"),
  );
  run.rows.push({ ...row, ofRawLoop: row.deliveredPerSecond / rawPerSecond });
}

async function rawLoops(run: Run): Promise<void> {
  for (const concurrency of run.sizes.concurrency) await rawLoop(run, run.stack.plainSink, concurrency);
}

/** The limit at this concurrency, measured once in a run; requests a second. */
async function rawLoop(run: Run, sink: SinkProcess, concurrency: number): Promise<number> {
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

function target({ stack, sizes }: Run, set: SubscriptionSet, phase: string) {
  const { service } = stack;
  return {
    url: service.url,
    key: service.adminKey,
    eventType: set.eventType,
    payloadBytes: sizes.payloadBytes,
    ...(sizes.ownIds && { idPrefix: `${set.eventType.replace(".happened", "")}-${phase}-` }),
  };
}

async function warmUp(
  sink: SinkProcess,
  set: SubscriptionSet,
  publish: () => Promise<{ accepted: unknown[] }>,
): Promise<void> {
  await sink.call("reset", undefined);
  const { accepted } = await publish();
  await arrived(sink, accepted.length * set.subscriptions.length);
}
