/** Faults of everything around the service: both engines gone, no disk, a clock that jumps, a rolling restart. */
import { freeze, thaw } from "../../test/support/process.js";
import { pause } from "../clock.js";
import { type Finding, type Ground, insist, main, newEvent, until } from "./ground.js";

/**
 * F24: Temporal and MongoDB stand still at once. Every lease of a process lapses meanwhile, and every process comes
 * back as if nothing had been.
 */
export async function bothEnginesDown(ground: Ground, downMs: number): Promise<Finding> {
  const { cluster } = ground;
  const { temporal, mongodb } = cluster.service().pids();
  const done = `Temporal and MongoDB frozen at once for ${downMs / 1_000} s`;
  if (!temporal || !mongodb) return { fault: "F24", done, found: "not embedded here", ok: false };
  const from = Date.now();
  [temporal, mongodb].forEach(freeze);
  await pause(downMs);
  [mongodb, temporal].forEach(thaw);
  const found = await acceptedAndDelivered(ground, "f24");
  cluster.crashes.push({ what: "both engines frozen", from, until: Date.now() });
  return { fault: "F24", done, found: found.text, ok: found.ok };
}

/** Seconds ahead. Below the 300 s that a consumer's check of the timestamp allows (Standard Webhooks). */
const AHEAD_SECONDS = 240;

/** F25: the clocks of the second API and of the further worker jump ahead, and back again. */
export async function clocksJump(ground: Ground, aheadMs: number): Promise<Finding> {
  const done = `clocks of a worker and an API ${AHEAD_SECONDS} s ahead for ${aheadMs / 1_000} s`;
  const { clock } = ground.cluster;
  if (!clock) return { fault: "F25", done, found: "not tried: libfaketime is not installed", ok: true };
  clock.set(AHEAD_SECONDS);
  await pause(aheadMs);
  clock.set(0);
  const found = await acceptedAndDelivered(ground, "f25");
  return { fault: "F25", done, found: found.text, ok: found.ok };
}

/** F26: the disk under everything is full. What was accepted stays, and the rest is refused until there is room. */
export async function diskFull(ground: Ground, fullMs: number): Promise<Finding> {
  const { cluster } = ground;
  const done = `the disk full for ${fullMs / 1_000} s`;
  if (!cluster.disk) return { fault: "F26", done, found: "not tried: mounting a file system needs root", ok: true };
  const from = Date.now();
  cluster.disk.fill();
  await pause(fullMs);
  cluster.disk.free();
  const found = await acceptedAndDelivered(ground, "f26");
  cluster.crashes.push({ what: "the disk full", from, until: Date.now() });
  return { fault: "F26", done, found: found.text, ok: found.ok };
}

/** F27: the worker and the second API are stopped and started again, one after the other, while events come. */
export async function rollingRestart(ground: Ground, times: number): Promise<Finding> {
  const { cluster } = ground;
  const codes: (number | null)[] = [];
  for (let time = 0; time < times; time++)
    for (const name of ["worker", "api"] as const) codes.push(await cluster.restart(name));
  const found = await acceptedAndDelivered(ground, "f27");
  return {
    fault: "F27",
    done: `SIGTERM to worker and API in turn, ${times} times each, and started again`,
    found: `exit codes ${codes.join(", ")}; ${found.text}`,
    ok: found.ok && codes.every((code) => code === 0),
  };
}

/** After the fault an event is accepted and arrives. How long that took is told, and decides nothing. */
async function acceptedAndDelivered(ground: Ground, fault: string): Promise<{ text: string; ok: boolean }> {
  const { cluster, sink } = ground;
  const event = newEvent(ground, fault);
  const since = Date.now();
  await insist(() => main(cluster), event);
  ground.accepted.add(event.id);
  const arrived = await until(
    () => sink.arrivals.some(({ id }) => id === event.id),
    () => `${event.id} has not arrived.`,
  ).then(
    () => true,
    () => false,
  );
  const seconds = ((Date.now() - since) / 1_000).toFixed(1);
  return arrived
    ? { text: `an event came through ${seconds} s later`, ok: true }
    : { text: `no event came through within ${seconds} s`, ok: false };
}
