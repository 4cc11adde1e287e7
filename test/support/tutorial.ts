/**
 * Follows a tutorial of docs/tutorial by its words: runs its blocks of commands and compares what they print with what
 * the page shows.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync, symlinkSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "vitest";
import { repositoryRoot } from "./build.js";

/**
 * `sh`: in the reader's second terminal. `sh receiver`: in the third. `text`: what the commands before it print. `text
 * receiver`: what the third terminal shows then. `sh start` and `sh key` are not run here: the service is at hand. What
 * a start prints is shown before the first of these.
 */
interface Block {
  kind: string;
  text: string;
}

export interface Reader {
  /** Runs every block of a page in its order. */
  follow(page: string): Promise<void>;
  close(): void;
}

/** The port in the pages. */
const PORT = "9000";
const WITHIN = { timeout: 120_000, interval: 200 };

/**
 * A reader in an empty directory with the packages of a clone, who has a service at hand. Several pages may follow each
 * other.
 */
export async function startReader(
  directory: string,
  { url, adminKey }: { url: string; adminKey: string },
): Promise<Reader> {
  const port = String(await freePort());
  symlinkSync(join(repositoryRoot(), "node_modules"), join(directory, "node_modules"));
  const where = {
    cwd: directory,
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], URL: url, KEY: adminKey },
  };
  const terminal = startTerminal(where);
  let receiver: ReturnType<typeof startProgram> | undefined;

  return {
    async follow(page) {
      let source: "start" | "terminal" | "receiver" = "start";
      let last = "";
      let shown = "";
      for (const { kind, text } of blocksOf(page, port)) {
        if (kind === "sh receiver") {
          source = "receiver";
          await receiver?.end();
          receiver = startProgram(text, where);
        } else if (kind === "sh") {
          [source, last] = ["terminal", text];
          shown = await terminal.run(text);
        } else if (kind === "text receiver" || (kind === "text" && source === "receiver")) {
          await expect.poll(() => plain(receiver?.said() ?? ""), WITHIN).toContain(plain(text));
        } else if (kind === "text" && source === "terminal" && last.startsWith("get ")) {
          // A reader looks again until the delivery is there.
          await expect
            .poll(async () => plain(plain(shown) === plain(text) ? shown : (shown = await terminal.run(last))), WITHIN)
            .toBe(plain(text));
        } else if (kind === "text" && source === "terminal") expect(plain(shown)).toBe(plain(text));
      }
    },
    close() {
      void receiver?.end();
      terminal.close();
    },
  };
}

function blocksOf(page: string, port: string): Block[] {
  const text = readFileSync(join(repositoryRoot(), page), "utf8").replaceAll(PORT, port);
  return [...text.matchAll(/^```([^\n]*)\n([\s\S]*?)^```$/gm)].map(([, kind = "", block = ""]) => ({
    kind,
    text: block,
  }));
}

/** Ids made by the service are new at each run. */
const plain = (text: string): string => text.replaceAll(/\b(evt|sub|grp|api)_[0-9A-Z]{26}/g, "$1_…").trim();

/** A shell that keeps its variables from block to block. */
function startTerminal(where: { cwd: string; env: NodeJS.ProcessEnv }) {
  const shell = spawn("bash", { ...where, stdio: ["pipe", "pipe", "pipe"] });
  let output = "";
  let ended = false;
  shell.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  shell.stderr.setEncoding("utf8").on("data", (text: string) => (output += text));
  shell.on("exit", () => (ended = true));
  let runs = 0;
  return {
    async run(block: string): Promise<string> {
      const mark = `end of block ${++runs}`;
      output = "";
      shell.stdin.write(`${block}\necho; echo '${mark}'\n`);
      await expect.poll(() => ended || output.includes(mark), WITHIN).toBe(true);
      if (ended) throw new Error(`The shell ended in this block:\n${block}\n${output}`);
      return output.slice(0, output.indexOf(mark));
    },
    close: () => void shell.kill("SIGKILL"),
  };
}

/** A program in a terminal of its own. */
function startProgram(block: string, where: { cwd: string; env: NodeJS.ProcessEnv }) {
  const shell: ChildProcess = spawn("bash", ["-c", block], {
    ...where,
    detached: true,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const gone = new Promise<void>((resolve) => shell.once("exit", () => resolve()));
  let output = "";
  shell.stdout?.setEncoding("utf8").on("data", (text: string) => (output += text));
  return {
    said: () => output,
    /** Ctrl-C goes to all processes of the terminal. */
    async end(): Promise<void> {
      if (shell.exitCode === null && shell.signalCode === null && shell.pid) process.kill(-shell.pid, "SIGINT");
      await gone;
    },
  };
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => server.close(() => resolve()));
  return port;
}
