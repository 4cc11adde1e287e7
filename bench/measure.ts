/** One measured run: CPU and memory around it, the wait until everything arrived, and what is missing or came twice. */
import type { SubscriptionSet } from "../test/support/client.js";
import { monotonicMs, pause, quantile } from "./clock.js";
import type { LoadResult, PacedResult } from "./load.js";
import type { Missing, SinkSummary } from "./sink-process.js";
import { processes, type SinkProcess, type Stack } from "./stack.js";
import { cpuSeconds, type Figures, measure, watchMemory } from "./usage.js";

/** p50 and p99 in milliseconds. */
export interface Latency {
  p50: number;
  p99: number;
}

/** One line of the result. */
export interface Row {
  name: string;
  deliveries: number;
  /** From the first publish call to the last arrival at the sink. */
  seconds: number;
  deliveredPerSecond: number;
  /** From the first publish call to the last 202. */
  acceptedPerSecond: number;
  /** Deliveries a second as a part of the raw loop's requests a second at the same concurrency. */
  ofRawLoop?: number;
  /** CPU seconds per 1,000 deliveries. */
  cpuPerThousand: Figures;
  /** CPU of the service and its engines as a multiple of the CPU of load generator and sink in the same run. */
  cpuOfHarness: number;
  peakMiB: Figures;
  lost: number;
  /** What the records say of up to 50 lost ones: how many are in which status. */
  lostStatuses?: Record<string, number>;
  doubled: number;
  /** Of a sample of records, those that did not say `delivered` within a minute. */
  unrecorded: number;
  invalidSignatures: number;
  refused: Record<string, number>;
  acknowledged: Latency;
  endToEnd: Latency;
  /** From the publish call of an accepted event to its first arrival, milliseconds, the longest. */
  slowestMs: number;
  engineStart?: Latency;
}

/** Nothing new at the sink for so long means that nothing more will come. */
const NO_PROGRESS_MS = 60_000;

/** What a load runs against. */
export interface Measured {
  stack: Stack;
  sink: SinkProcess;
  set: SubscriptionSet;
}

/**
 * Runs the load and measures until every delivery of an accepted event has arrived and a sample of them is recorded.
 */
export async function measured(
  name: string,
  { stack, sink, set }: Measured,
  run: () => Promise<LoadResult | PacedResult>,
): Promise<Row> {
  await sink.call("reset", undefined);
  const pids = processes(stack, sink);
  const cpuBefore = measure(pids, cpuSeconds);
  const memory = watchMemory(pids);
  const result = await run().catch((error: unknown) => {
    memory.stop();
    throw error;
  });
  if (!stack.service.running() || result.accepted.length === 0) {
    memory.stop();
    throw new Error(
      `${name}: nothing can be measured, the service ${stack.service.running() ? "accepted nothing" : "ended"}. ` +
        `Publish calls: ${JSON.stringify(result.refused)}`,
    );
  }
  const { lastArrival, missing } = await allArrived(sink, set, result);
  const unrecorded = await recorded(stack, set, result);
  const peakMiB = memory.stop();
  const cpuAfter = measure(pids, cpuSeconds);
  const used = Object.fromEntries(
    // Of a process that was killed meanwhile nothing is known.
    Object.entries(cpuAfter).map(([process, seconds]) => {
      const before = cpuBefore[process] ?? 0;
      return [process, seconds < before ? NaN : seconds - before];
    }),
  );
  const summary = await sink.call("summary", undefined);
  const measuredRow = row(name, result, { lost: missing.count, lastArrival, unrecorded, peakMiB, used, summary });
  return measuredRow.lost > 0
    ? { ...measuredRow, lostStatuses: await statusesOfLost(stack, set, missing) }
    : measuredRow;
}

async function statusesOfLost(stack: Stack, set: SubscriptionSet, { some }: Missing): Promise<Record<string, number>> {
  const byPath = new Map(set.subscriptions.map(({ id, url }) => [new URL(url).pathname, id]));
  const statuses: Record<string, number> = {};
  for (const { id, path } of some) {
    const { status, body } = await stack.client.get<{ status?: string }>(`/v1/deliveries/${id}.${byPath.get(path)}`);
    const said = status === 200 ? (body.status ?? "") : `answer ${status}`;
    statuses[said] = (statuses[said] ?? 0) + 1;
  }
  return statuses;
}

/**
 * Waits until every accepted event has come to every subscription. A count of requests is not enough after a kill: some
 * come twice, and some were accepted without an answer.
 */
async function allArrived(
  sink: SinkProcess,
  { subscriptions }: SubscriptionSet,
  { accepted }: LoadResult,
): Promise<{ lastArrival: number; missing: Missing }> {
  const wanted = { ids: accepted.map(({ id }) => id), paths: subscriptions.map(({ url }) => new URL(url).pathname) };
  const lastArrival = await arrived(sink, accepted.length * subscriptions.length);
  let missing = await sink.call("missing", wanted);
  if (missing.count === 0) return { lastArrival, missing };
  for (let progressAt = monotonicMs(); monotonicMs() - progressAt < NO_PROGRESS_MS && missing.count > 0;) {
    await pause(100);
    const now = await sink.call("missing", wanted);
    if (now.count < missing.count) progressAt = monotonicMs();
    missing = now;
  }
  return { lastArrival: (await sink.call("count", undefined)).lastTick, missing };
}

/** Waits for so many requests. Gives the tick of the last one. */
export async function arrived(sink: SinkProcess, expected: number): Promise<number> {
  let last = { requests: -1, lastTick: 0 };
  for (let progressAt = monotonicMs(); monotonicMs() - progressAt < NO_PROGRESS_MS; await pause(100)) {
    const now = await sink.call("count", undefined);
    if (now.requests >= expected) return now.lastTick;
    if (now.requests > last.requests) progressAt = monotonicMs();
    last = now;
  }
  return last.lastTick;
}

/** Waits until a sample of the records, the last ones among them, say `delivered`. Gives how many do not. */
async function recorded(stack: Stack, set: SubscriptionSet, { accepted }: LoadResult): Promise<number> {
  const step = Math.max(1, Math.floor(accepted.length / 10));
  const sample = accepted.filter((_, index) => index % step === 0 || index >= accepted.length - 20);
  let open = sample.map(({ id }, index) => `${id}.${set.subscriptions[index % set.subscriptions.length]?.id ?? ""}`);
  for (const deadline = monotonicMs() + NO_PROGRESS_MS; open.length > 0 && monotonicMs() < deadline; await pause(200)) {
    const answers = await Promise.all(open.map((id) => stack.client.get<{ status?: string }>(`/v1/deliveries/${id}`)));
    open = open.filter((_, index) => answers[index]?.body.status !== "delivered");
  }
  return open.length;
}

interface Observed {
  lost: number;
  lastArrival: number;
  unrecorded: number;
  peakMiB: Figures;
  used: Figures;
  summary: SinkSummary;
}

function row(
  name: string,
  result: LoadResult | PacedResult,
  { lost, lastArrival, unrecorded, peakMiB, used, summary }: Observed,
): Row {
  const seconds = (lastArrival - result.startedAt) / 1_000;
  const { harness = 0, ...ours } = used;
  const total = Object.values(ours).reduce((sum, value) => sum + value, 0);
  const endToEnd = result.accepted.flatMap(({ id, calledAt }) => {
    const tick = summary.firstTick.get(id);
    return tick === undefined ? [] : [tick - calledAt];
  });
  return {
    name,
    deliveries: summary.distinct,
    seconds,
    deliveredPerSecond: summary.distinct / seconds,
    acceptedPerSecond: (result.accepted.length * 1_000) / (result.endedAt - result.startedAt),
    cpuPerThousand: Object.fromEntries(
      Object.entries(used).map(([process, value]) => [process, (value * 1_000) / summary.distinct]),
    ),
    cpuOfHarness: total / harness,
    peakMiB,
    lost,
    doubled: summary.doubled,
    unrecorded,
    invalidSignatures: summary.invalidSignatures,
    refused: result.refused,
    acknowledged: latency(result.accepted.map(({ answeredMs }) => answeredMs)),
    endToEnd: latency(endToEnd),
    slowestMs: endToEnd.reduce((most, value) => Math.max(most, value), 0),
    ...("engineStartMs" in result && { engineStart: latency(result.engineStartMs) }),
  };
}

export const latency = (values: number[]): Latency => ({ p50: quantile(values, 0.5), p99: quantile(values, 0.99) });
