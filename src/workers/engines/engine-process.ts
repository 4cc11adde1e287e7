/** An engine as a child process that is restarted when it dies. */
import { spawn } from "node:child_process";
import { closeSync, openSync, readFileSync, renameSync, statSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { inTimeOr } from "../../store/deadline.js";
import { narrowLog, withPrivateFiles } from "../private-files.js";
import { EngineError, refuseIfStopped } from "./engine-error.js";
import { childEnvironment } from "./machine.js";
import { lastLine } from "./run-tool.js";
import { watch } from "./watcher.js";

export interface EngineSpec {
  /** For messages. */
  name: string;
  command: string;
  args: string[];
  logFile: string;
  /** It ends by itself when its standard input closes. Any other engine gets a watchdog for that. */
  exitsWithStdin: boolean;
  /** One try. It resolves when the engine answers, and rejects otherwise. */
  answers: () => Promise<void>;
  progress: (line: string) => void;
  /** A process was started, the first one or a later one. */
  onStart: (pid: number) => void;
  /** It ended without being asked to. */
  onDeath: (message: string) => void;
  /** When aborted, the first start is given up. */
  signal?: AbortSignal | undefined;
}

export interface EngineProcess {
  /** Stops it gracefully, and by force after five seconds. */
  stop(): Promise<void>;
}

const READY_WITHIN_MS = 90_000;
const LOOK_EVERY_MS = 40;
const STOP_WITHIN_MS = 5_000;
const RESTART_PAUSE_MS = { first: 100, most: 10_000 };
/** An engine that ran this long before it died is restarted at once again. */
const STEADY_AFTER_MS = 30_000;
const LOG_ROTATED_AT_BYTES = 20 * 1024 * 1024;

/**
 * Starts the engine, waits until it answers, and from then on restarts it with the same arguments whenever it ends.
 * @throws EngineError engine_failed when it ends or does not answer at the first start, stopped when that was given up
 */
export async function startEngine(spec: EngineSpec): Promise<EngineProcess> {
  rotate(spec.logFile);
  narrowLog(spec.logFile);
  const stopping = new AbortController();
  let current = launch(spec);
  try {
    await untilItAnswers(
      spec,
      current,
      spec.signal ? AbortSignal.any([stopping.signal, spec.signal]) : stopping.signal,
    );
    refuseIfStopped(spec.signal);
  } catch (error) {
    await current.end();
    throw error;
  }
  const supervised = (async () => {
    let wait = RESTART_PAUSE_MS.first;
    for (;;) {
      const how = await current.ended;
      if (stopping.signal.aborted) return;
      if (Date.now() - current.startedAt > STEADY_AFTER_MS) wait = RESTART_PAUSE_MS.first;
      spec.onDeath(
        `${spec.name} ended unexpectedly (${how}); it is restarted on the same port with the same ` +
          `data, its log is ${spec.logFile}`,
      );
      const restarted = await relaunch(spec, wait, stopping.signal);
      if (!restarted) return;
      wait = Math.min(wait * 2, RESTART_PAUSE_MS.most);
      current = restarted;
      // One that never answers is ended, so that the next round sees its end.
      untilItAnswers(spec, restarted, stopping.signal)
        .then(
          () => spec.progress(`${spec.name} answers again after ${Date.now() - restarted.startedAt} ms`),
          () => restarted.end(),
        )
        .catch(() => undefined);
    }
  })();
  return {
    stop: async () => {
      stopping.abort();
      await current.end();
      await supervised;
    },
  };
}

/** Undefined when it is to stop meanwhile. */
async function relaunch(spec: EngineSpec, wait: number, stopping: AbortSignal): Promise<Launched | undefined> {
  for (let next = wait; ; next = Math.min(next * 2, RESTART_PAUSE_MS.most)) {
    await pause(next, undefined, { signal: stopping }).catch(() => undefined);
    if (stopping.aborted) return undefined;
    try {
      return launch(spec);
    } catch (error) {
      // Too few file descriptors, or a full disk. This may pass.
      spec.progress(`${spec.name} cannot be restarted yet: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

interface Launched {
  startedAt: number;
  /** Resolves with how it ended. */
  ended: Promise<string>;
  hasEnded(): boolean;
  end(): Promise<void>;
}

function launch(spec: EngineSpec): Launched {
  const log = openSync(spec.logFile, "a", 0o600);
  // It has a session of its own. Otherwise Ctrl-C in the terminal would end the engine before the work under way is
  // finished.
  const child = withPrivateFiles(() =>
    spawn(spec.command, spec.args, {
      detached: true,
      env: childEnvironment(),
      stdio: [spec.exitsWithStdin ? "pipe" : "ignore", log, log],
    }),
  );
  closeSync(log);
  // The engine ended first. Nothing is ever written to its standard input, so the error does not matter.
  child.stdin?.on("error", () => undefined);
  const watchdog = child.pid !== undefined && !spec.exitsWithStdin ? watch(child.pid, "process") : undefined;
  let over = false;
  const ended = new Promise<string>((resolve) => {
    const settle = (how: string) => {
      over = true;
      watchdog?.kill("SIGKILL");
      resolve(how);
    };
    child.once("error", (error) => settle(error.message));
    child.once("exit", (code, signal) => settle(signal ?? `exit code ${code}`));
  });
  if (child.pid !== undefined) spec.onStart(child.pid);
  const end = async () => {
    if (over) return;
    child.kill("SIGTERM");
    const inTime = await inTimeOr(
      STOP_WITHIN_MS,
      ended.then(() => true),
      false,
    );
    if (!inTime) child.kill("SIGKILL");
    await ended;
  };
  return { startedAt: Date.now(), ended, hasEnded: () => over, end };
}

async function untilItAnswers(spec: EngineSpec, launched: Launched, stopping: AbortSignal): Promise<void> {
  const deadline = Date.now() + READY_WITHIN_MS;
  while (!launched.hasEnded() && !stopping.aborted && Date.now() < deadline) {
    try {
      await spec.answers();
      if (!launched.hasEnded()) return;
    } catch {
      await pause(LOOK_EVERY_MS);
    }
  }
  refuseIfStopped(spec.signal);
  const what = launched.hasEnded()
    ? `ended at once (${await launched.ended})`
    : `did not answer within ${READY_WITHIN_MS / 1000} s`;
  const said = lastLine(endOf(spec.logFile));
  throw new EngineError(
    "engine_failed",
    `The embedded ${spec.name} ${what}${said && `, saying "${said}"`}: see ${spec.logFile}.`,
  );
}

function endOf(file: string): string {
  try {
    return readFileSync(file, "utf8").slice(-4_000);
  } catch {
    return "";
  }
}

function rotate(logFile: string): void {
  try {
    if (statSync(logFile).size > LOG_ROTATED_AT_BYTES) renameSync(logFile, `${logFile}.1`);
  } catch {
    // No log yet.
  }
}
