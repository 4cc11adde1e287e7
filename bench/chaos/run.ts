/** Load, kills and faults in turn, and the oracle's judgement of all of it. */
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import type { SubscriptionSet } from "../../test/support/client.js";
import { broken, type Judgement, judge, type Trial } from "../../test/support/oracle.js";
import { settledRecords } from "../../test/support/records.js";
import { findTraces } from "../../test/support/traces.js";
import { pause } from "../clock.js";
import { startSink } from "../sink.js";
import { type Cluster, startCluster, type Victim, VICTIMS } from "./cluster.js";
import type { Finding, Ground } from "./ground.js";
import {
  consumerBack,
  drain,
  engineDown,
  freezeDatabase,
  killBeforeAnswer,
  killBeforeStart,
  publishConflict,
  publishPairs,
  publishRefused,
} from "./faults.js";
import { bothEnginesDown, clocksJump, diskFull, rollingRestart } from "./outages.js";
import { type Isolation, measureIsolation } from "./isolation.js";
import { closePublishers, type Publishing, startPublishing } from "./publishers.js";
import { prepare } from "./trials.js";
import { client, DRAIN_SUBSCRIPTIONS, RATE_LIMIT, RETRY_SECONDS, type Trials } from "./trials.js";

export interface ChaosOptions {
  kills: number;
  /** Mean time between a process being back and the next kill. */
  intervalMs: number;
  victims: readonly Victim[];
  /** Of F3 and F4 each. */
  repeats: number;
  /** F5. */
  pairs: number;
  /** F9: how long the database stands still. */
  frozenMs: number;
  /** F24 and F26: how long both engines stand still, and the disk is full. With 0 they are left out. */
  outageMs: number;
  /** F25: how long clocks are ahead. With 0 it is left out. */
  clocksAheadMs: number;
  /** F27: restarts of the worker and of the second API each. */
  restarts: number;
  /** F21: requests in flight at SIGTERM. */
  inFlight: number;
  publishers: number;
  /** I5: seconds of each of its three phases. With 0 it is left out. */
  isolationSeconds: number;
  say: (line: string) => void;
}

export interface ChaosReport {
  findings: Finding[];
  judgement: Judgement;
  /** Of I5, when it was measured. */
  isolation?: Isolation;
  kills: Record<string, number>;
  accepted: number;
  /** What publish calls of the continuous load came back with. */
  answers: Record<string, number>;
  seconds: number;
}
/** Whether every fault and every invariant that was judged holds. */
export const holds = ({ judgement, findings }: ChaosReport): boolean =>
  broken(judgement).length === 0 && findings.every(({ ok }) => ok);

/** Batches of 500 and three dispatches in each of two workers (`PUBLISH_BATCH_MAX`, `PUBLISH_DISPATCHES_IN_FLIGHT`). */
const IN_FLIGHT = 2 * 3 * 500;

export async function runChaos(options: ChaosOptions): Promise<ChaosReport> {
  const begun = Date.now();
  options.say("starting the service, a further worker and a further API");
  const cluster = await startCluster({ ownDisk: options.outageMs > 0 });
  const sink = await startSink();
  try {
    const trials = await prepare(cluster, sink);
    const ground: Ground = {
      cluster,
      sink,
      eventType: trials.sets.faults.eventType,
      path: "/faults",
      data: trials.canary,
      accepted: trials.ids.faults,
      once: new Set(),
      refused: [],
    };
    const answers: Record<string, number> = {};
    const kills = await underLoad(trials, options.publishers, answers, () => killInTurn(cluster, options));
    const findings = await faults(ground, options);
    await underLoad(
      trials,
      options.publishers,
      answers,
      async () =>
        void findings.push(
          await freezeDatabase(ground, `first-faults-0.${trials.sets.faults.subscriptions[0]?.id}`, options.frozenMs),
        ),
    );
    await underLoad(
      trials,
      options.publishers,
      answers,
      async () => void findings.push(...(await inTurn(outages(ground, options), options.say))),
    );
    findings.push(noServerErrors(answers));
    options.say("waiting until everything has settled");
    const trial = await evidence(trials);
    const isolation = options.isolationSeconds > 0 ? await isolated(trials, options) : undefined;
    const judgement = judge({ ...trial, ...(isolation && { isolation }) });
    options.say(`SIGTERM with ${options.inFlight} in flight`);
    findings.push(
      onlyOnce(ground),
      await consumerBack(ground, trials.away, 200),
      await drain(ground, trials.drain, Math.ceil(options.inFlight / DRAIN_SUBSCRIPTIONS)),
    );
    const report: ChaosReport = {
      findings,
      judgement,
      ...(isolation && { isolation }),
      kills,
      accepted: sizeOf(trials.ids),
      answers,
      seconds: (Date.now() - begun) / 1_000,
    };
    if (!holds(report)) options.say(`the logs are kept in ${cluster.keepLogs()}`);
    return report;
  } catch (error) {
    options.say(`the run failed, and the logs are kept in ${cluster.keepLogs()}`);
    throw error;
  } finally {
    await closePublishers();
    await cluster.remove();
    await sink.close();
  }
}

/** Does it while publishers keep publishing, to both APIs. Gives what it gave. */
async function underLoad<T>(
  { cluster, canary, sets, ids }: Trials,
  concurrency: number,
  answers: Record<string, number>,
  act: () => Promise<T>,
): Promise<T> {
  const publishers = (name: "load" | "limited", atOnce: number, pauseMs: number): Publishing =>
    startPublishing({
      addresses: () => cluster.addresses(),
      eventType: sets[name].eventType,
      prefix: `${name}-${randomBytes(3).toString("hex")}-`,
      data: { canary },
      concurrency: atOnce,
      pauseMs,
    });
  const running = { load: publishers("load", concurrency, 20), limited: publishers("limited", 1, 250) };
  // A process that does not come back ends the run. Otherwise its publishers would go on for ever.
  let failed = true;
  try {
    const result = await act();
    failed = false;
    return result;
  } finally {
    for (const name of ["load", "limited"] as const) {
      await running[name].stop(failed);
      running[name].accepted.forEach((id) => ids[name].add(id));
      for (const [answer, count] of Object.entries(running[name].answers))
        answers[answer] = (answers[answer] ?? 0) + count;
    }
  }
}

async function killInTurn(
  cluster: Cluster,
  { kills, intervalMs, victims, say }: ChaosOptions,
): Promise<Record<string, number>> {
  const done: Record<string, number> = {};
  for (let kill = 0; kill < kills; kill++) {
    await pause(intervalMs * (0.5 + Math.random()));
    const victim = victims[kill % victims.length] ?? VICTIMS[0];
    say(`kill ${kill + 1} of ${kills}: ${victim}`);
    await cluster.crash(victim);
    done[victim] = (done[victim] ?? 0) + 1;
  }
  return done;
}

const faults = (ground: Ground, options: ChaosOptions): Promise<Finding[]> =>
  inTurn(
    [
      () => killBeforeStart(ground, options.repeats),
      () => killBeforeAnswer(ground, options.repeats),
      () => publishPairs(ground, options.pairs),
      () => publishConflict(ground),
      () => engineDown(ground),
      () => publishRefused(ground),
    ],
    options.say,
  );

const outages = (ground: Ground, { outageMs, clocksAheadMs, restarts }: ChaosOptions): Fault[] => [
  ...(outageMs > 0 ? [() => bothEnginesDown(ground, outageMs), () => diskFull(ground, outageMs)] : []),
  ...(clocksAheadMs > 0 ? [() => clocksJump(ground, clocksAheadMs)] : []),
  ...(restarts > 0 ? [() => rollingRestart(ground, restarts)] : []),
];

type Fault = () => Promise<Finding>;

async function inTurn(all: readonly Fault[], say: ChaosOptions["say"]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const fault of all) {
    const finding = await fault();
    say(`${finding.fault}: ${finding.found}`);
    findings.push(finding);
  }
  return findings;
}

/** Whatever was down, a publisher hears 202 or 503, or nothing when the process itself died. */
function noServerErrors(answers: Record<string, number>): Finding {
  const wrong = Object.keys(answers).filter((answer) => !["202", "503", "none"].includes(answer));
  const found = Object.entries(answers)
    .map(([answer, count]) => `${count} × ${answer}`)
    .join(", ");
  return { fault: "F1, F9", done: "answers to publishers while things were down", found, ok: wrong.length === 0 };
}

async function evidence({ cluster, sink, sets, ids, canary }: Trials): Promise<Trial> {
  const names = ["load", "limited", "faults"] as const;
  const all = names.flatMap((name) => deliveryIds(sets[name], ids[name]));
  const records = await settledRecords(() => client(cluster), all);
  const secrets = names.map((name) => sets[name].subscriptions[0]?.secret.replace("whsec_", "") ?? canary);
  const leaks = await findTraces([cluster.directory], [canary, ...secrets, cluster.service().adminKey]);
  return {
    deliveries: names.flatMap((name) =>
      [...ids[name]].map((eventId) => ({ eventId, subscriptionId: sets[name].subscriptions[0]?.id ?? "" })),
    ),
    subscriptions: names.map((name) => ({
      id: sets[name].subscriptions[0]?.id ?? "",
      path: `/${name}`,
      ...(name === "limited" && { rateLimit: RATE_LIMIT }),
    })),
    arrivals: [...sink.arrivals],
    records,
    crashes: cluster.crashes,
    inFlight: IN_FLIGHT,
    retrySeconds: RETRY_SECONDS,
    leaks: leaks.map((file) => file.slice(join(cluster.directory, "/").length)),
  };
}

async function isolated({ cluster, sink }: Trials, { isolationSeconds, say }: ChaosOptions): Promise<Isolation> {
  const admin = client(cluster);
  const { url, adminKey: key } = cluster.service();
  say("a healthy consumer alone, then beside failing ones");
  return measureIsolation(admin, () => ({ url, key }), sink, isolationSeconds).finally(() => admin.close());
}

function onlyOnce({ once, sink, path }: Ground): Finding {
  const times = new Map<string, number>();
  for (const { id, path: at } of sink.arrivals)
    if (at === path && once.has(id)) times.set(id, (times.get(id) ?? 0) + 1);
  const missing = [...once].filter((id) => !times.has(id)).length;
  const twice = [...times.values()].filter((count) => count > 1).length;
  return {
    fault: "F4, F5, F6",
    done: "events that may arrive once only",
    found: `${once.size} events: ${missing} missing, ${twice} more than once`,
    ok: missing === 0 && twice === 0,
  };
}

const deliveryIds = (set: SubscriptionSet, ids: Iterable<string>): string[] =>
  [...ids].flatMap((id) => set.subscriptions.map((subscription) => `${id}.${subscription.id}`));
const sizeOf = (ids: Trials["ids"]): number => Object.values(ids).reduce((sum, { size }) => sum + size, 0);
