/** Cases under a burden: a machine that others use, a consumer that is slow, an event that many want. */
import { type ChildProcess, spawn } from "node:child_process";
import { cpus } from "node:os";
import type { SubscriptionSet } from "../test/support/client.js";
import { type Run, target, WARM_UP, warmUp } from "./case.js";
import { arrived, measured, type Row } from "./measure.js";
import { subscribe } from "./stack.js";

const CLIENTS = 32;

/** The same fan-out twice: on the machine as it is, then beside one spinning process for each core. */
export async function hoggedFanOut(run: Run): Promise<void> {
  const { stack, sizes } = run;
  const { events, subscriptions } = sizes.fanOut;
  const sink = stack.plainSink;
  const set = await subscribe(stack, sink, "hogged", subscriptions);
  const publish = (count: number, phase: string) =>
    stack.load.call("burst", { ...target(run, set, phase), events: count, concurrency: CLIENTS });
  await warmUp(sink, set, () => publish(Math.ceil(events * WARM_UP), "w"));
  run.say("fan-out without a hog");
  const alone = await measured("fan-out without a hog", { stack, sink, set }, () => publish(events, "a"));
  run.say("fan-out beside a hog");
  const hogs = startHogs();
  const burdened = await measured("fan-out beside a hog", { stack, sink, set }, () => publish(events, "b")).finally(
    () => hogs.forEach((hog) => hog.kill("SIGKILL")),
  );
  run.rows.push(alone, burdened);
  compare(run, "fan-out beside a hog: delivered/s", [alone, burdened], ({ deliveredPerSecond }) => deliveredPerSecond);
}

/** One for each core, at the priority of everything else. They end with this process at the latest. */
function startHogs(): ChildProcess[] {
  const hogs = cpus().map(() => spawn(process.execPath, ["-e", "for (;;);"], { stdio: "ignore" }));
  process.once("exit", () => hogs.forEach((hog) => hog.kill("SIGKILL")));
  return hogs;
}

/** What the slow consumer gets while the fast one is measured. It takes a minute and a half to answer all of it. */
const SLOW = { perSecond: 60, seconds: 10, answersAfterMs: 5_000 };

/** A burst to a fast consumer: alone, and while events for a slow one are published. */
export async function slowNeighbour(run: Run): Promise<void> {
  const { stack, sizes } = run;
  const fastSink = stack.plainSink;
  const slowSink = await stack.startSink();
  const fast = await subscribe(stack, fastSink, "fast");
  const slow = await subscribe(stack, slowSink, "slow");
  for (const { url } of slow.subscriptions)
    await slowSink.call("answerAfter", { path: new URL(url).pathname, ms: SLOW.answersAfterMs });
  const burst = (events: number, phase: string) =>
    stack.load.call("burst", { ...target(run, fast, phase), events, concurrency: CLIENTS });
  await warmUp(fastSink, fast, () => burst(Math.ceil(sizes.events * WARM_UP), "w"));
  run.say("burst without a slow neighbour");
  const on = { stack, sink: fastSink, set: fast };
  const alone = await measured("burst without a slow neighbour", on, () => burst(sizes.events, "a"));
  run.say("burst beside a slow neighbour");
  const toSlow = publishSlow(run, slow);
  // The slow consumer holds requests before the burst begins.
  await arrived(slowSink, 1);
  const burdened = await measured("burst beside a slow neighbour", on, () => burst(sizes.events, "b"));
  run.rows.push(alone, burdened);
  compare(run, "beside a slow neighbour: delivered/s", [alone, burdened], (row) => row.deliveredPerSecond);
  compare(
    run,
    "beside a slow neighbour: acknowledged p99, ms",
    [alone, burdened],
    ({ acknowledged }) => acknowledged.p99,
  );
  const { accepted } = await toSlow;
  run.say("waiting for the slow neighbour");
  const came = await slowSink.call("count", undefined).then(async () => {
    await arrived(slowSink, accepted.length);
    return slowSink.call("summary", undefined);
  });
  compare(
    run,
    "the slow neighbour itself: requests for its events",
    [accepted.length, came.distinct + came.doubled],
    (n) => n,
  );
}

async function publishSlow(run: Run, slow: SubscriptionSet) {
  return run.stack.load.call("paced", {
    ...target(run, slow, "s"),
    perSecond: SLOW.perSecond,
    seconds: SLOW.seconds,
    temporalAddress: run.stack.service.temporalAddress,
  });
}

const WIDE = 900;

/** One event for many subscriptions, and once more: from the publish call to the last arrival. */
export async function wideEvent(run: Run): Promise<void> {
  const { stack } = run;
  const sink = stack.plainSink;
  run.say(`one event: ${WIDE} subscriptions`);
  const set = await subscribe(stack, sink, "wide", WIDE);
  const publish = (phase: string) =>
    stack.load.call("burst", { ...target(run, set, phase), events: 1, concurrency: 1 });
  for (const round of ["first", "second"])
    run.rows.push(await measured(`one event × ${WIDE}, ${round} round`, { stack, sink, set }, () => publish(round)));
}

function compare<T extends Row | number>(
  { comparisons }: Run,
  name: string,
  [alone, burdened]: [T, T],
  figure: (of: T) => number,
): void {
  comparisons.push({ name, alone: figure(alone), burdened: figure(burdened) });
}
