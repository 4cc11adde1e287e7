/** Programs of a page of the docs, run by the page's own commands. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type TestContext, vi } from "vitest";
import { findOnPath } from "../../src/workers/engines/machine.js";
import { freePort, isListening } from "../../src/workers/engines/ports.js";

/** What a program needs on the PATH, and the headings of its files on the page. */
export interface PageProgram {
  programs: string[];
  files: string[];
}
interface Block {
  kind: string;
  name: string;
  text: string;
}
export interface PageReceivers {
  /** Headings of all blocks of the page: files, and the commands of each program. */
  readonly names: string[];
  /**
   * Starts a receiver and gives its URL. Undefined, with the reason printed, where its language or its registry is not
   * at hand.
   * @throws Error when its commands fail or it ends
   */
  start(context: TestContext, name: string, env: (port: number) => Record<string, string>): Promise<string | undefined>;
  /** Ends all that were started, and deletes their files. */
  close(): void;
}

/** To install a library and to compile. A machine may be busy. */
export const WITHIN_MS = 540_000;
/** What package managers say when a registry cannot be reached. */
const UNREACHABLE =
  /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|no such host|name resolution|resolve host|Name or service not known|Unknown host|timed out|Unable to load the service index|failed to fetch|Could not transfer artifact/i;

/** Those of `docs/how-to/<page>`. */
export function receiversOfPage(page: string, known: Readonly<Record<string, PageProgram>>): PageReceivers {
  const text = readFileSync(new URL(`../../docs/how-to/${page}`, import.meta.url), "utf8");
  const blocks: Block[] = [...text.matchAll(/^```(\S+) (\S+)\n([^]*?)^```$/gm)].map(
    ([, kind = "", name = "", block = ""]) => ({ kind, name, text: block }),
  );
  const running: ChildProcess[] = [];
  const directories: string[] = [];
  return {
    names: blocks.map(({ name }) => name).sort(),
    async start(context, name, env) {
      const { programs, files } = known[name] ?? { programs: [], files: [] };
      const missing = programs.filter((program) => findOnPath(program) === undefined);
      if (missing.length > 0) return void skip(context, name, `not on the PATH: ${missing.join(", ")}`);
      const directory = mkdtempSync(join(tmpdir(), "sealpost-receiver-"));
      directories.push(directory);
      for (const { name: file, text: block } of blocks)
        if (files.includes(file)) writeFileSync(join(directory, file), block);
      const port = await freePort();
      const options = { cwd: directory, env: { ...process.env, ...env(port), PORT: String(port) } };
      const commands = (blocks.find((each) => each.kind === "sh" && each.name === name)?.text ?? "").trim().split("\n");
      const run = commands.pop() ?? "";
      const unreachable = await prepare(commands, options);
      if (unreachable !== undefined)
        return void skip(context, name, `its package registry cannot be reached: ${unreachable}`);
      const receiver = spawn("bash", ["-c", run], { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
      running.push(receiver);
      await untilListening(receiver, port);
      return `http://127.0.0.1:${port}/in`;
    },
    close() {
      for (const { pid } of running) end(pid);
      for (const directory of directories) rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Installs and compiles. Gives what a package manager said when it cannot reach its registry. */
async function prepare(commands: string[], options: { cwd: string; env: NodeJS.ProcessEnv }): Promise<string | void> {
  try {
    await promisify(execFile)("bash", ["-ec", commands.join("\n")], { ...options, timeout: WITHIN_MS });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (UNREACHABLE.test(said)) return said.slice(-300);
    throw error;
  }
}

async function untilListening(receiver: ChildProcess, port: number): Promise<void> {
  let said = "";
  receiver.stdout?.on("data", (text: Buffer) => (said += text.toString()));
  receiver.stderr?.on("data", (text: Buffer) => (said += text.toString()));
  await vi.waitUntil(
    async () => {
      if (receiver.exitCode !== null) throw new Error(`The receiver ended: ${said}`);
      return isListening(port);
    },
    { timeout: WITHIN_MS, interval: 200 },
  );
}

/** Ends a receiver with what it has started (`go run` starts another program). */
function end(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function skip(context: TestContext, name: string, reason: string): void {
  process.stderr.write(`The receiver in ${name} is not tested here: ${reason}.\n`);
  context.skip(reason);
}
