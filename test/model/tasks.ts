/**
 * What a process does, as a generator that stops at each step outwards: a read, a write, a start, a request, a wait.
 * The order of steps decides when each is done, and whether its answer comes.
 */
import type { Process } from "./process.js";
import type { World } from "./world.js";

/** A step outwards. */
export interface Step<T = unknown> {
  kind: "read" | "write" | "request" | "sleep" | "pause" | "wait";
  /** What it does, at one instant. */
  act: () => T;
  /** When it may be done. Absent: at once. */
  mayAct?: () => boolean;
  /** When a sleep is over. */
  due?: number;
  /** When it was begun. */
  since: number;
  /** How long the store had run then. */
  ranMs: number;
}

export type Program<T = void> = Generator<Step, T, unknown>;

/** A program under way in a process. */
export interface Task {
  process: Process;
  program: Program<unknown>;
  step: Step;
}

/** A store or an engine that did not say so in time. */
export class Unavailable extends Error {}
/** One for all: a stack trace for each would take a tenth of the model's time. */
const GIVEN_UP = new Unavailable();

/** An operation that is given up ends with the server's limit, milliseconds. */
export const LIMIT_MS = 3_500;

/** A request waits at most so long for a connection and for its answer, milliseconds. */
const REQUEST_MS = 25_000;

function* doing<T>(step: Step<T>): Program<T> {
  return (yield step) as T;
}
const begun = ({ now, ranMs }: World): Pick<Step, "since" | "ranMs"> => ({ since: now, ranMs });
export const read = <T>(world: World, act: () => T): Program<T> => doing({ kind: "read", act, ...begun(world) });
export const write = <T>(world: World, act: () => T): Program<T> => doing({ kind: "write", act, ...begun(world) });
export const request = <T>(world: World, act: () => T): Program<T> => doing({ kind: "request", act, ...begun(world) });
export const sleep = (world: World, ms: number): Program<void> =>
  doing({ kind: "sleep", act: () => undefined, due: world.now + ms, ...begun(world) });
/** Until the next turn of what a process does by the clock. It never ends, so nobody waits for it. */
export const pause = (world: World, ms: number): Program<void> =>
  doing({ kind: "pause", act: () => undefined, due: world.now + ms, ...begun(world) });
export const waitFor = (world: World, mayAct: () => boolean): Program<void> =>
  doing({ kind: "wait", act: () => undefined, mayAct, ...begun(world) });

/** Begins a program in a process. */
export function begin(world: World, process: Process, program: Program<unknown>): void {
  goOn(world, { process, program }, () => program.next());
}

function goOn(world: World, { process, program }: Omit<Task, "step">, next: () => IteratorResult<Step, unknown>): void {
  const result = next();
  if (!result.done && process.isAlive) world.tasks.push({ process, program, step: result.value });
}

function take(world: World, task: Task): void {
  const place = world.tasks.indexOf(task);
  if (place >= 0) world.tasks.splice(place, 1);
}

export const isReady = (world: World, { step }: Task): boolean =>
  step.due !== undefined ? step.due <= world.now : (step.mayAct?.() ?? true);

/** The step is done, and its answer comes. */
export function perform(world: World, task: Task): void {
  take(world, task);
  const answer = task.step.act();
  goOn(world, task, () => task.program.next(answer));
}

/** The step is not waited for any more. `how`: whether it was done, never is, or may still be. */
export function fail(world: World, task: Task, how: "done" | "never" | "later"): void {
  take(world, task);
  if (how === "done") task.step.act();
  if (how === "later" && task.step.kind === "write")
    world.late.push({ land: task.step.act, untilRan: task.step.ranMs + LIMIT_MS });
  goOn(world, task, () => task.program.throw(GIVEN_UP));
}

/**
 * The clock goes on. What takes too long is given up, and what was given up lands no more. A store that stands still
 * carries it out later.
 */
export function advance(world: World, ms: number, storeRuns: boolean): void {
  world.now += ms;
  if (storeRuns) world.ranMs += ms;
  world.late = world.late.filter(({ untilRan }) => untilRan >= world.ranMs);
  for (const task of [...world.tasks]) {
    const { kind, since } = task.step;
    const limit = kind === "request" ? REQUEST_MS : kind === "read" || kind === "write" ? LIMIT_MS : undefined;
    if (limit !== undefined && since + limit < world.now)
      fail(world, task, task.step.ranMs + LIMIT_MS < world.ranMs ? "never" : "later");
  }
}

/** The process is gone. What it has sent to the store and the engine may still land. */
export function kill(world: World, process: Process): void {
  process.isAlive = false;
  const gone = world.tasks.filter((task) => task.process === process);
  world.tasks = world.tasks.filter((task) => task.process !== process);
  for (const { step } of gone)
    if (step.kind === "write") world.late.push({ land: step.act, untilRan: step.ranMs + LIMIT_MS });
}
