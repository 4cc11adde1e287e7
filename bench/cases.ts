/** What is measured. Each case warms up first, on the same subscriptions, and is then measured alone. */
import { type Run, rawLoop, target, WARM_UP, warmUp } from "./case.js";
import { filledStore } from "./filled-store.js";
import { killedBurst } from "./killed-burst.js";
import { measured } from "./measure.js";
import { hoggedFanOut, slowNeighbour, wideEvent } from "./overload.js";
import { type SinkProcess, subscribe } from "./stack.js";

export const CASES = {
  a: { title: "burst, one subscription", run: burst },
  b: { title: "paced publishes", run: paced },
  c: { title: "fan-out", run: fanOut },
  d: { title: "burst over mutual TLS", run: mutualTls },
  e: { title: "raw loop", run: rawLoops },
  f: { title: "fan-out beside a hog of all cores", run: hoggedFanOut },
  g: { title: "burst beside a consumer that answers after 5 s", run: slowNeighbour },
  h: { title: "one event to many subscriptions", run: wideEvent },
  i: { title: "SIGKILL of the service in a burst", run: killedBurst },
  j: { title: "burst over a filled store, after a restart", run: filledStore },
} as const;
export type CaseName = keyof typeof CASES;

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
