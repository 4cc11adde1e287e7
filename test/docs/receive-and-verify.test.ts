/**
 * Runs the receivers of docs/how-to/receive-and-verify.md by the page's own commands and sends them real deliveries:
 * genuine, forged and old ones.
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, describe, expect, it, type TestContext } from "vitest";
import { createEndpointRequest } from "../../src/endpoint/request.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createSender } from "../../src/endpoint/send.js";
import { verifyByChallenge } from "../../src/endpoint/verify.js";
import { newSigningSecret } from "../../src/endpoint/signing/sign.js";
import type { Subscription } from "../../src/store/model.js";
import { findOnPath } from "../../src/workers/engines/machine.js";
import { freePort, isListening } from "../../src/workers/engines/ports.js";

const page = readFileSync(new URL("../../docs/how-to/receive-and-verify.md", import.meta.url), "utf8");
const blocks = [...page.matchAll(/^```(\S+) (\S+)\n([^]*?)^```$/gm)].map(([, kind = "", name = "", text = ""]) => ({
  kind,
  name,
  text,
}));

/** Language on the page → the programs that it needs, and the headings' files. */
const LANGUAGES: Readonly<Record<string, { programs: string[]; files: string[] }>> = {
  javascript: { programs: ["node", "npm"], files: ["receiver.mjs"] },
  python: { programs: ["python3"], files: ["receiver.py"] },
  go: { programs: ["go"], files: ["receiver.go"] },
  java: { programs: ["java", "mvn"], files: ["Receiver.java"] },
  csharp: { programs: ["dotnet"], files: ["Receiver.csproj", "Program.cs"] },
  php: { programs: ["php", "composer"], files: ["receiver.php"] },
  rust: { programs: ["cargo"], files: ["receiver.rs"] },
  ruby: { programs: ["ruby", "gem"], files: ["receiver.rb"] },
};
/** To install a library and to compile. A machine may be busy. */
const WITHIN_MS = 540_000;
/** What package managers say when a registry cannot be reached. */
const UNREACHABLE =
  /ENOTFOUND|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET|no such host|name resolution|resolve host|Name or service not known|Unknown host|timed out|Unable to load the service index|failed to fetch|Could not transfer artifact/i;

const sender = createSender({ guard: createGuard({ allowLocal: true }) });
const request = createEndpointRequest({ sender, version: "0" });
const running: ChildProcess[] = [];
const directories: string[] = [];

afterAll(async () => {
  for (const { pid } of running) end(pid);
  for (const directory of directories) rmSync(directory, { recursive: true, force: true });
  await sender.close();
});

/** Ends a receiver with what it has started (`go run` starts another program). */
function end(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function skip(context: TestContext, language: string, reason: string): void {
  process.stderr.write(`The receiver in ${language} is not tested here: ${reason}.\n`);
  context.skip(reason);
}

/** A receiver by the page's words. Undefined where the language or its registry is not at hand. */
async function startReceiver(context: TestContext, language: string, secret: string): Promise<string | undefined> {
  const { programs, files } = LANGUAGES[language] ?? { programs: [], files: [] };
  const missing = programs.filter((program) => findOnPath(program) === undefined);
  if (missing.length > 0) return void skip(context, language, `not on the PATH: ${missing.join(", ")}`);
  const directory = mkdtempSync(join(tmpdir(), "sealpost-receiver-"));
  directories.push(directory);
  for (const { name, text } of blocks) if (files.includes(name)) writeFileSync(join(directory, name), text);
  const port = await freePort();
  const options = { cwd: directory, env: { ...process.env, WEBHOOK_SECRET: secret, PORT: String(port) } };
  const commands = (blocks.find(({ kind, name }) => kind === "sh" && name === language)?.text ?? "").trim().split("\n");
  const run = commands.pop() ?? "";
  try {
    await promisify(execFile)("bash", ["-ec", commands.join("\n")], { ...options, timeout: WITHIN_MS });
  } catch (error) {
    const said = error instanceof Error ? error.message : String(error);
    if (UNREACHABLE.test(said))
      return void skip(context, language, `its package registry cannot be reached: ${said.slice(-300)}`);
    throw error;
  }
  const receiver = spawn("bash", ["-c", run], { ...options, detached: true, stdio: ["ignore", "pipe", "pipe"] });
  running.push(receiver);
  let said = "";
  receiver.stdout.on("data", (text: Buffer) => (said += text.toString()));
  receiver.stderr.on("data", (text: Buffer) => (said += text.toString()));
  await expect
    .poll(
      async () => {
        if (receiver.exitCode !== null) throw new Error(`The receiver ended: ${said}`);
        return isListening(port);
      },
      { timeout: WITHIN_MS, interval: 200 },
    )
    .toBe(true);
  return `http://127.0.0.1:${port}/in`;
}

const subscriptionTo = (url: string, ...secrets: string[]): Subscription => ({
  id: "sub_1",
  groupId: "grp_1",
  url,
  eventTypes: ["payments.invoice.paid"],
  secrets: secrets.map((secret) => ({ secret, createdAt: new Date() })),
  status: "active",
  createdAt: new Date(),
  updatedAt: new Date(),
  retry: { timeoutMs: 60_000 },
});

/** Status of the answer to a delivery that was signed at this instant. */
async function deliver(url: string, secrets: string[], at = new Date()): Promise<number> {
  const event = {
    id: "order:4711",
    type: "payments.invoice.paid",
    contentType: "application/json",
    bytes: Buffer.from('{"total":"12.50","payee":"Café Ελλάς"}'),
  };
  const { exchange } = await request({ event, subscription: subscriptionTo(url, ...secrets), number: 1 }, at);
  if (exchange.kind === "failure") throw new Error(`No answer: ${exchange.error}`);
  return exchange.status;
}

describe("the page", () => {
  it("has a program and commands for each language", () => {
    expect(blocks.map(({ name }) => name).sort()).toEqual(
      Object.entries(LANGUAGES)
        .flatMap(([language, { files }]) => [language, ...files])
        .sort(),
    );
  });
});

describe.each(Object.keys(LANGUAGES))("the receiver in %s", (language) => {
  it("takes what is genuine and refuses what is forged or old", { timeout: 2 * WITHIN_MS }, async (context) => {
    const secret = newSigningSecret();
    const url = await startReceiver(context, language, secret);
    if (url === undefined) return;
    const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
    expect(await deliver(url, [secret]), "genuine").toBe(204);
    expect(await deliver(url, [newSigningSecret(), secret]), "while the secret is rotated").toBe(204);
    expect(await deliver(url, [newSigningSecret()]), "of another secret").toBe(400);
    expect(await deliver(url, [secret], minutesAgo(10)), "ten minutes old").toBe(400);
    expect(await deliver(url, [secret], minutesAgo(-10)), "ten minutes ahead").toBe(400);
    expect((await fetch(url, { method: "POST", body: "{}" })).status, "without a signature").toBe(400);
    expect(await verifyByChallenge(request, subscriptionTo(url, secret)), "verification").toEqual({ ok: true });
    expect(await deliver(url, [secret]), "and goes on").toBe(204);
  });
});
