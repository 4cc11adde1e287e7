/** Runs a tool to its end. */
import { spawn } from "node:child_process";
import { environmentWith } from "./machine.js";

export interface ToolRun {
  command: string;
  args: string[];
  cwd?: string;
  env?: Record<string, string>;
  withinMs: number;
}

/** Ended well (exit code 0) with its standard output, or not, with the last line of what it said. */
export type ToolResult = { ok: true; output: string } | { ok: false; reason: string };

const KEPT_CHARACTERS = 64 * 1024;

/** Never throws: a tool that is missing, fails or takes too long gives a reason. */
export function runTool({ command, args, cwd, env, withinMs }: ToolRun): Promise<ToolResult> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"], env: environmentWith(env ?? {}), ...(cwd && { cwd }) });
    let output = "";
    let said = "";
    const timer = setTimeout(() => child.kill("SIGKILL"), withinMs);
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output = (output + text).slice(-KEPT_CHARACTERS);
      said = (said + text).slice(-KEPT_CHARACTERS);
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (said = (said + text).slice(-KEPT_CHARACTERS)));
    child.once("error", (error) => {
      clearTimeout(timer);
      resolve({ ok: false, reason: error.message });
    });
    child.once("close", (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve({ ok: true, output });
      else resolve({ ok: false, reason: signal ? `ended by ${signal} (at most ${withinMs / 1000} s)` : lastLine(said) || `exit code ${code}` });
    });
  });
}

/** The last line that says something. */
export function lastLine(text: string): string {
  return text.split("\n").map((line) => line.trim()).filter(Boolean).at(-1)?.slice(0, 300) ?? "";
}
