/** Runs an order to its end, and says which promises it broke. */
import { type Decisions, DECISIONS } from "./decisions.js";
import { dueOf } from "./engine.js";
import { isOnRecord } from "./records.js";
import { deliveryIdsOf } from "./store.js";
import { stepsOf } from "./orders.js";
import { askAgain, loseGone, passTime, startProcess, startSome, work } from "./steps.js";
import type { Batch } from "./process.js";
import { isReady, perform } from "./tasks.js";
import { newWorld, type Sent, type World } from "./world.js";

const SETTLED = ["delivered", "exhausted", "cancelled"];
/** Steps and time in which everything must come to rest after the last fault. */
const MOST_STEPS = 4_000;
const REST_WITHIN_MS = 180_000;

/** What breaks a promise in this order, in words. Empty when all hold. */
export function judge(order: readonly number[], d: Decisions = DECISIONS): string[] {
  return judged(newWorld(d), order);
}

/** The same in a world that can be looked at afterwards. */
export function judged(world: World, order: readonly number[]): string[] {
  for (const isApi of [true, true, false]) startProcess(world, isApi);
  for (const step of stepsOf(order)) {
    step(world);
    if (world.broken.length > 0) return world.broken;
  }
  driveOn(world);
  return world.broken.length > 0 ? world.broken : atTheEnd(world);
}

/** No more faults: tasks of processes that are gone are given to others, and everything goes on until it rests. */
function driveOn(world: World): void {
  world.late = [];
  const until = world.now + REST_WITHIN_MS;
  for (let steps = 0; steps < MOST_STEPS && world.now < until && world.broken.length === 0; steps++) {
    const task = world.tasks.find((each) => isReady(world, each));
    if (task) perform(world, task);
    else if (!startSome(world) && !loseGone(world) && !work(world, 0) && !askAgain(world)) {
      if (goingOn(world).next().done) return;
      passTime(world, Math.max(1, nextDue(world) - world.now));
    }
  }
  if (world.broken.length === 0) world.broken.push(`it does not come to rest: ${[...goingOn(world)].join(", ")}`);
}

const nextDue = (world: World): number =>
  Math.min(
    ...world.tasks.map(({ step: { due } }) => due ?? Number.POSITIVE_INFINITY),
    ...[...world.workflows.values()].map(dueOf),
  );

/** A batch that takes events and has none. */
const isIdle = (batches: readonly Batch[], owner: string): boolean =>
  batches.some((each) => each.owner === owner && each.pending === 0 && each.ready.length === 0);

/** What still goes on, in words. Nothing when everything rests. Most who ask want to know of the first alone. */
function* goingOn(world: World): Generator<string, void> {
  for (const { id, isOpen } of world.workflows.values()) if (isOpen) yield `the workflow ${id}`;
  const alive = world.processes.filter(({ isAlive }) => isAlive);
  for (const { owners, batches } of alive)
    for (const owner of owners.open.keys()) if (!isIdle(batches, owner)) yield `the owner ${owner}`;
  for (const name of world.announcements.keys())
    if (!alive.some((each) => each.name === name)) yield `the announcement of ${name}`;
  for (const { step } of world.tasks) if (step.kind !== "pause") yield `a ${step.kind}`;
  for (const [id, at] of world.ledger) if (world.now <= at + 2_000) yield `the erasure of ${id}`;
}

/** An attempt of an event that is erased before its record could be written is dropped with it. */
const isErased = (world: World, { deliveryId }: Sent): boolean => world.ledger.has(deliveryId.split(".")[0] ?? "");

/** The promises that only the end can judge. */
function atTheEnd(world: World): string[] {
  const broken: string[] = [];
  for (const id of world.acknowledged)
    if (!world.events.has(id)) broken.push(`${id} was acknowledged and is not durable`);
  for (const [id, { expungedAt, owner }] of world.events)
    for (const deliveryId of deliveryIdsOf(id)) {
      const status = world.deliveries.get(deliveryId)?.status;
      const isDone = status !== undefined && SETTLED.includes(status);
      // An event that is nobody's to answer for may be left behind, but not half-way.
      if (!isDone && !expungedAt && (world.acknowledged.has(id) || status !== undefined))
        broken.push(`${deliveryId} of ${owner} is lost: its record says ${status ?? "nothing"}`);
      if (
        status === "delivered" &&
        !world.sent.some((each) => each.deliveryId === deliveryId && each.answer === "taken")
      )
        broken.push(`${deliveryId} is on record as delivered and was never taken`);
    }
  for (const sent of world.sent)
    if (!sent.isLost && !isErased(world, sent) && !isOnRecord(world, sent))
      broken.push(`an attempt of ${sent.deliveryId} is not on record`);
  return broken;
}
