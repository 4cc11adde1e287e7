/**
 * A clock by which others can be judged. A blocked or starved event loop reads an answer long after it has come, so its
 * plain clock takes our own slowness for an endpoint's. This one stands still while the loop attends to no socket.
 */

/** All in milliseconds. */
export interface LoopWatch {
  /** Plain time, as `performance.now()` gives it. */
  now(): number;
  /** Time without stalls of the event loop: it is the one to measure others by. */
  attended(): number;
  /**
   * The latest instant, in attended time, by which everything that had arrived has been read. What is still missing now
   * had not come by then. About two ticks old while the process is well.
   */
  readUntil(): number;
}

/** 20 ticks a second. They blur a limit of 2 s by a twentieth. */
const TICK_MS = 50;
/** A tick that is less late than this is ordinary work of a busy process, in which all endpoints are read in turn. */
const STALL_MS = 200;

/** Watches the event loop that it is called in. Its timer keeps no process alive. */
export function createLoopWatch(now: () => number = () => performance.now()): LoopWatch {
  let expected = now() + TICK_MS;
  let readUntil = now();
  let stalled = 0;
  const stall = (at: number): number => (at - expected > STALL_MS ? at - expected : 0);
  const attended = (): number => {
    const at = now();
    return at - stalled - stall(at);
  };
  setInterval(() => {
    const tick = now();
    stalled += stall(tick);
    expected = tick + TICK_MS;
    const sofar = tick - stalled;
    // The loop polls its sockets between its timers and its immediates. So what had come before the tick is read then.
    setImmediate(() => (readUntil = sofar));
  }, TICK_MS).unref();
  return { now, attended, readUntil: () => readUntil };
}

let shared: LoopWatch | undefined;
/** The watch of this process: there is one event loop in it, so there is one watch. */
export const loopWatch = (): LoopWatch => (shared ??= createLoopWatch());
