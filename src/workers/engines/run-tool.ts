/** Runs a tool to its end. */
import { spawn } from "node:child_process";
import { childEnvironment } from "./machine.js";
import { watch } from "./watcher.js";

export interface ToolRun {
  command: string;
  args: string[];
  cwd?: string;
  env?: Record<string, string>;
  /** The tool fetches something, so it needs the proxy settings and its own. */
  downloads?: boolean;
  withinMs: number;
  /** When aborted, the tool is ended. */
  signal?: AbortSignal | undefined;
}

/** It ended well (exit code 0), with its standard output. Or it did not, with the last line of its output. */
export type ToolResult = { ok: true; output: string } | { ok: false; reason: string };

const KEPT_CHARACTERS = 64 * 1024;

/** Never throws. If a tool is missing, fails or takes too long, then it gives a reason. */
export function runTool({
  command,
  args,
  cwd,
  env,
  downloads = false,
  withinMs,
  signal,
}: ToolRun): Promise<ToolResult> {
  return new Promise((resolve) => {
    // A process group of its own, because pip and Go start further processes that have to end with them.
    const child = spawn(command, args, {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: childEnvironment({ downloads, ...(env && { set: env }) }),
      ...(cwd && { cwd }),
    });
    let output = "";
    let said = "";
    const watcher = child.pid === undefined ? undefined : watch(child.pid, "group");
    const end = () => endGroup(child.pid);
    const timer = setTimeout(end, withinMs);
    if (signal?.aborted) end();
    else signal?.addEventListener("abort", end, { once: true });
    const over = () => {
      clearTimeout(timer);
      signal?.removeEventListener("abort", end);
      watcher?.kill("SIGKILL");
    };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-KEPT_CHARACTERS);
      said = (said + text).slice(-KEPT_CHARACTERS);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-KEPT_CHARACTERS)));
    child.once("error", (error) => {
      over();
      resolve({ ok: false, reason: error.message });
    });
    child.once("close", (code, endedBy) => {
      over();
      if (code === 0) resolve({ ok: true, output });
      else
        resolve({
          ok: false,
          reason: endedBy
            ? `ended by ${endedBy} (it may take at most ${withinMs / 1000} s)`
            : lastLine(said) || `exit code ${code}`,
        });
    });
  });
}

function endGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It ended in between.
  }
}

/** The last line that says something. */
export function lastLine(text: string): string {
  return (
    text
      .split("\n")
      .map((line) => line.trim())
      .filter(Boolean)
      .at(-1)
      ?.slice(0, 300) ?? ""
  );
}
