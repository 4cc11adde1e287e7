/** The steps that an order is made of. Each says whether it had something to do. `n` says to what. */
import { renewing, publish, startable, starting } from "./accept.js";
import { lose } from "./early.js";
import { waitingTasks } from "./engine.js";
import { learn, newProcess, type Process } from "./process.js";
import { expungeEvent } from "./store.js";
import { looking } from "./take-over.js";
import {
  advance,
  begin,
  fail,
  isReady,
  kill,
  perform,
  type Program,
  type Step,
  type Task,
  Unavailable,
  write,
} from "./tasks.js";
import { delivering, KEEP_ALIVE_MS, resend, retrying } from "./worker.js";
import type { World } from "./world.js";

const MOST_EVENTS = 6;

export const pick = <T>(some: readonly T[], n: number): T | undefined => some[n % some.length];

/** A process begins, with what it does by the clock. */
export function startProcess(world: World, isApi: boolean): void {
  const process = newProcess(world, isApi);
  if (!isApi) return;
  begin(world, process, renewing(world, process));
  begin(world, process, looking(world, process));
}

/** What is under way and may go on: sleeps first that are over, then the oldest. */
const nextTask = (world: World, n: number, isMeant: (step: Step) => boolean = () => true): Task | undefined =>
  pick(
    world.tasks.filter((task) => isMeant(task.step) && isReady(world, task)),
    n,
  );

export function go(world: World, n: number, isMeant?: (step: Step) => boolean): boolean {
  const task = nextTask(world, n, isMeant);
  if (!task) return false;
  perform(world, task);
  return true;
}

export function breakOff(world: World, n: number, how: "done" | "never" | "later"): boolean {
  const kinds = how === "later" || how === "done" ? ["write"] : ["write", "read", "request"];
  const task = pick(
    world.tasks.filter(({ step }) => kinds.includes(step.kind)),
    n,
  );
  if (task) fail(world, task, how);
  return task !== undefined;
}

/** A consumer does not take what it got. */
export function refuse(world: World, n: number): boolean {
  const task = pick(
    world.tasks.filter(({ step }) => step.kind === "request"),
    n,
  );
  if (task) fail(world, task, "never");
  return task !== undefined;
}

/** A batch that waits is started. */
export function startSome(world: World): boolean {
  for (const process of world.processes) {
    const batch = process.isAlive ? startable(process) : undefined;
    if (!batch) continue;
    begin(world, process, starting(world, process, batch));
    return true;
  }
  return false;
}

/** A worker takes a task. */
export function work(world: World, n: number): boolean {
  const task = pick(
    [...world.workflows.values()].flatMap((workflow) => waitingTasks(world, workflow)),
    n,
  );
  const process = pick(
    world.processes.filter(({ isAlive }) => isAlive),
    n >> 2,
  );
  if (!task || !process) return false;
  begin(world, process, "lane" in task ? retrying(world, process, task) : delivering(world, process, task.workflow));
  return true;
}

/** The engine hears nothing of a worker for so long before it gives its task to another one, milliseconds. */
const TASK_MS = 10_000;
const ACTIVITY_MS = 60_000;

/** The engine takes a task for lost: its worker is gone, or only seems so. */
export function loseTask(world: World, n: number, mayLive = true): boolean {
  const held = [...world.workflows.values()].flatMap((workflow) => {
    if (!workflow.isOpen) return [];
    const limitMs = workflow.kind === "deliver" ? TASK_MS : ACTIVITY_MS;
    const holders = workflow.kind === "deliver" ? [workflow] : [...workflow.activities.values()];
    return holders.flatMap((holder) => {
      const { worker } = holder;
      const isLost = worker && (!worker.process.isAlive || (mayLive && world.now - worker.since > limitMs));
      return isLost ? [{ holder, worker }] : [];
    });
  });
  const one = pick(held, n);
  if (!one) return false;
  lose(world, one.worker.process.name);
  delete one.holder.worker;
  return true;
}

/** Only of workers that are gone. */
export const loseGone = (world: World): boolean => loseTask(world, 0, false);

export function end(world: World, n: number): boolean {
  const process = pick(
    world.processes.filter(({ isAlive }) => isAlive),
    n,
  );
  if (!process) return false;
  lose(world, process.name);
  kill(world, process);
  // Of another machine nobody knows that it has ended.
  if ((n >> 3) % 2 === 0) world.ended.add(process.name);
  startProcess(world, process.isApi);
  return true;
}

function* erasing(world: World, process: Process, id: string): Program {
  try {
    yield* write(world, () => void world.ledger.set(id, world.now));
    learn(process, id);
    yield* expungeEvent(world, id);
    if (!world.erased.has(id)) world.erased.set(id, { at: world.now, by: process.name });
  } catch (error) {
    // An erasure that was interrupted is finished from the ledger.
    if (!(error instanceof Unavailable)) throw error;
  }
}

/** The other processes learn of an erasure within two seconds. What was interrupted is finished. */
export function learnAll(world: World): void {
  for (const [id, at] of world.ledger) {
    if (world.now < at + 2_000) continue;
    const record = world.events.get(id);
    if (record && !record.expungedAt) world.events.set(id, { ...record, sha256: "", expungedAt: new Date(world.now) });
    for (const process of world.processes) if (process.isAlive && !process.lately.has(id)) learn(process, id);
  }
}

export function passTime(world: World, ms: number, storeRuns = true): void {
  for (const { id, isOpen } of world.workflows.values())
    if (!isOpen && !world.closedAt.has(id)) world.closedAt.set(id, world.now);
  advance(world, ms, storeRuns);
  learnAll(world);
  for (const workflow of world.workflows.values())
    if (workflow.kind === "deliver" && workflow.worker && world.now - workflow.worker.since > KEEP_ALIVE_MS)
      workflow.keptAlive = true;
}

const apis = (world: World): Process[] => world.processes.filter(({ isApi, isAlive }) => isApi && isAlive);

export function accept(world: World, n: number, given: string | undefined, most = MOST_EVENTS): boolean {
  const process = pick(apis(world), n);
  if (!process || world.events.size >= most) return false;
  begin(world, process, publish(world, process, given));
  return true;
}

export function eraseOne(world: World, n: number): boolean {
  const [id, process] = [pick([...world.events.keys()], n >> 1), pick(apis(world), n)];
  if (id === undefined || !process) return false;
  begin(world, process, erasing(world, process, id));
  return true;
}

export function askFor(world: World, n: number): boolean {
  const [process, id] = [pick(apis(world), n), pick([...world.deliveries.keys()], n >> 1)];
  if (!process || id === undefined || world.asked.has(id)) return false;
  const request = { deliveryId: id };
  world.unanswered.add(request);
  begin(world, process, asking(world, request));
  return true;
}

/** A person who was not answered asks again. */
export function askAgain(world: World): boolean {
  const [[request], [process]] = [world.unanswered, apis(world)];
  if (!request || !process) return false;
  begin(world, process, asking(world, request));
  return true;
}

function* asking(world: World, request: { deliveryId: string }): Program {
  try {
    yield* resend(world, request.deliveryId);
    world.unanswered.delete(request);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
  }
}

export function land(world: World, n: number): boolean {
  const write = pick(world.late, n);
  if (!write) return false;
  world.late.splice(world.late.indexOf(write), 1);
  write.land();
  return true;
}

/** Store and engine stand still for longer than any deadline, and go on. */
export function standStill(world: World): boolean {
  for (const ms of [4_000, 8_100]) passTime(world, ms, false);
  return true;
}

/** Far less than any engine keeps a history, and more than a start is tried again and again. */
const RETENTION_MS = 20_000;

/** Histories end with the retention of the engine. */
export function forget(world: World, n: number): boolean {
  const closed = [...world.workflows.values()].filter(
    ({ id, isOpen }) => !isOpen && world.now > (world.closedAt.get(id) ?? world.now) + RETENTION_MS,
  );
  const one = pick(closed, n);
  if (one) world.workflows.delete(one.id);
  return one !== undefined;
}
