/** What an operator sees of a start: refusals, the demo, a start after a crash, a further worker, the end. */
import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "../support/build.js";
import { type Client, createClient, createSubscriptionSet, type SubscriptionSet } from "../support/client.js";
import { isRunning } from "../support/process.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";
import { startReader } from "../support/tutorial.js";

const directory = mkdtempSync(join(tmpdir(), "sealpost-start-"));
const dataDir = join(directory, "data");
let first: Service;
beforeAll(async () => {
  first = await startService({ dataDir, env: { SEALPOST_DEMO: "1" } });
}, 240_000);
afterAll(async () => {
  await first?.remove();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

/** A start that is expected to end by itself. */
async function start(environment: Record<string, string>) {
  const child = spawn(process.execPath, [join(repositoryRoot(), "dist/workers/main.js")], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 50_000,
    killSignal: "SIGKILL",
    env: {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      PORT: "0",
      SEALPOST_DEMO: "0",
      SEALPOST_DATA_DIR: join(directory, "unused"),
      ...environment,
    },
  });
  const ended = new Promise<number | null>((resolve) => child.once("close", resolve));
  const [code, said, complaint] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
  return { code, said, complaint };
}

/** Processes with this text in their command line: embedded engines name their data directory there. */
const processesOf = (name: string): string[] =>
  readdirSync("/proc")
    .filter((pid) => /^\d+$/.test(pid))
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        return command.includes(name) ? [command] : [];
      } catch {
        return [];
      }
    });

const masterKey = (id: string): string => `${id}:${randomBytes(32).toString("base64")}`;
const masterKeyId = (): string => readFileSync(join(dataDir, "master-keys"), "utf8").split(":")[0] ?? "";
const portOf = (service: Service): string => new URL(service.url).port;
const belowFile = join(directory, "a-file", "data");
const ownData = join(directory, "own-data");

describe("a start is refused with exit code 1 and one sentence", () => {
  beforeAll(() => {
    writeFileSync(join(directory, "a-file"), "");
    mkdirSync(join(directory, "keys-folder", "master-keys"), { recursive: true });
    mkdirSync(join(directory, "keys-gone"));
    symlinkSync(join(directory, "gone"), join(directory, "keys-gone", "master-keys"));
  });

  const refusals: [string, () => Record<string, string>, () => string[]][] = [
    ["the port is taken", () => ({ PORT: portOf(first) }), () => [`PORT ${portOf(first)} is in use`]],
    ["the port is no number", () => ({ PORT: "abc" }), () => ['PORT "abc" cannot be used']],
    [
      "the data directory cannot be made",
      () => ({ SEALPOST_DATA_DIR: belowFile }),
      () => [belowFile, "set SEALPOST_DATA_DIR"],
    ],
    [
      "another process has the data directory",
      () => ({ SEALPOST_DATA_DIR: dataDir }),
      () => [dataDir, `in use by process ${first.pids().service}`],
    ],
    [
      "the master keys are malformed",
      () => ({ SEALPOST_DATA_DIR: ownData, SEALPOST_MASTER_KEYS: "abc" }),
      () => ["SEALPOST_MASTER_KEYS: key 1 has no id"],
    ],
    [
      "the master keys hold text",
      () => ({
        SEALPOST_DATA_DIR: ownData,
        SEALPOST_MASTER_KEYS: `a:${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`,
      }),
      () => ["SEALPOST_MASTER_KEYS", "is text, not random bytes"],
    ],
    [
      "a file for Temporal's TLS is missing",
      () => ({ SEALPOST_DATA_DIR: ownData, TEMPORAL_TLS_CA_FILE: join(directory, "no-such.pem") }),
      () => ["TEMPORAL_TLS_CA_FILE", "cannot be read (ENOENT)"],
    ],
    [
      "a file for Temporal's TLS holds something else",
      () => ({ SEALPOST_DATA_DIR: ownData, TEMPORAL_TLS_CA_FILE: join(directory, "a-file") }),
      () => ["TEMPORAL_TLS_CA_FILE", "a-file, which"],
    ],
    [
      "the key file is a directory",
      () => ({ SEALPOST_DATA_DIR: join(directory, "keys-folder") }),
      () => ["keys-folder/master-keys, which cannot be read (EISDIR): it is a directory. Name a file."],
    ],
    [
      "the key file is a link to nothing",
      () => ({ SEALPOST_DATA_DIR: join(directory, "keys-gone") }),
      () => ["keys-gone/master-keys, which cannot be read (ENOENT): it is a link to a file that is not there."],
    ],
    [
      "the file of a secret is a directory",
      () => ({ SEALPOST_DATA_DIR: ownData, SEALPOST_MASTER_KEYS_FILE: directory }),
      () => [`SEALPOST_MASTER_KEYS_FILE names ${directory}, which cannot be read (EISDIR): it is a directory.`],
    ],
    [
      "the authority of the mail server is a directory",
      () => ({
        SEALPOST_DATA_DIR: ownData,
        SMTP_URL: "smtp://127.0.0.1:1?tls=none",
        SMTP_CA_FILE: directory,
        MAIL_FROM: "sealpost@bank.example",
        PUBLIC_URL: "https://sealpost.bank.example",
      }),
      () => [`SMTP_CA_FILE names ${directory}, which cannot be read (EISDIR)`],
    ],
    [
      "the log file cannot be written",
      () => ({ SEALPOST_DATA_DIR: ownData, LOG_FILE: join(directory, "a-file", "log") }),
      () => ["LOG_FILE", "cannot be written"],
    ],
    [
      "the connection string weakens what is promised",
      () => ({ SEALPOST_DATA_DIR: ownData, MONGODB_URL: "mongodb://127.0.0.1:1/?w=1" }),
      () => ["MONGODB_URL may not set w"],
    ],
    [
      "the cache directory cannot be made",
      () => ({ SEALPOST_DATA_DIR: ownData, SEALPOST_CACHE_DIR: join(directory, "a-file", "cache") }),
      () => ["a-file/cache", "set SEALPOST_CACHE_DIR"],
    ],
    [
      "the master key has another id than the database's",
      () => ({ ROLE: "worker", SEALPOST_DATA_DIR: dataDir, SEALPOST_MASTER_KEYS: masterKey("other") }),
      () => [`Master key "${masterKeyId()}" is not in SEALPOST_MASTER_KEYS`],
    ],
    [
      "the master key is another one of the same id",
      () => ({ ROLE: "worker", SEALPOST_DATA_DIR: dataDir, SEALPOST_MASTER_KEYS: masterKey(masterKeyId()) }),
      () => [`Master key "${masterKeyId()}" of SEALPOST_MASTER_KEYS is not the key`],
    ],
    [
      "local targets are on in production",
      () => ({ NODE_ENV: "production", SEALPOST_ALLOW_LOCAL_TARGETS: "1" }),
      () => ["SEALPOST_ALLOW_LOCAL_TARGETS", "NODE_ENV=production"],
    ],
  ];
  it.each(refusals)("when %s", async (_why, environment, names) => {
    const engines = first.pids();
    const { code, said, complaint } = await start(environment());
    expect(complaint).toMatch(/^Sealpost cannot start: [^\n]{40,400}\.\n$/);
    for (const name of names()) expect(complaint).toContain(name);
    expect(said).not.toContain("Sealpost is ready");
    expect(code).toBe(1);
    expect([...processesOf(ownData), ...processesOf(join(directory, "unused"))]).toEqual([]);
    expect(first.pids(), "the running service keeps its engines").toEqual(engines);
    expect((await fetch(`${first.url}/health/ready`)).status).toBe(200);
  });
});

describe("the demo", () => {
  it("is published to by the line that the start prints, over mutual TLS and signed", async () => {
    const line = /^ {2}curl -s (\S+) .*-d '(.+)'$/m.exec(first.log());
    const [, address = "", body = ""] = line ?? [];
    expect(address).toBe(`${first.url}/v1/events`);
    const headers = { authorization: `Bearer ${first.adminKey}`, "content-type": "application/json" };
    const answer = await fetch(address, { method: "POST", headers, body });
    expect(answer.status).toBe(202);
    const { id } = (await answer.json()) as { id: string };
    await expect
      .poll(() => first.log(), { timeout: 30_000, interval: 50 })
      .toMatch(
        new RegExp(
          `^Demo receiver: ${id} demo\\.greeting\\.sent, \\d+ bytes, signature valid, client ` +
            `certificate "sealpost-demo-sender"$`,
          "m",
        ),
      );
  });
});

describe("the tutorials", () => {
  it(
    "are followed by their words: a first delivery, then a first failure and its cure",
    { timeout: 300_000 },
    async () => {
      const clone = join(directory, "clone");
      mkdirSync(clone);
      const reader = await startReader(clone, first);
      try {
        await reader.follow("docs/tutorial/first-delivery.md");
        await reader.follow("docs/tutorial/first-failure.md");
      } finally {
        reader.close();
      }
    },
  );
});

describe("a start after the service was killed", () => {
  let receiver: Receiver;
  let set: SubscriptionSet;
  let eventId: string;
  let again: Service;
  let client: Client;
  const publish = async (through: Client): Promise<string> => {
    const answer = await through.post<{ id: string }>("/v1/events", { type: set.eventType, data: { kept: true } });
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    return answer.body.id;
  };
  const statusOf = async (id: string) =>
    (await client.get<{ status?: string }>(`/v1/deliveries/${id}.${set.subscriptions[0]?.id ?? ""}`)).body.status;

  beforeAll(async () => {
    receiver = await startReceiver();
    const before = createClient(first.url, first.adminKey);
    set = await createSubscriptionSet(before, { name: "start", urls: [receiver.url] });
    eventId = await publish(before);
    await before.close();
    await first.kill();
    again = await startService({ dataDir, adminKey: first.adminKey });
    client = createClient(again.url, again.adminKey);
  }, 240_000);
  afterAll(async () => {
    await client?.close();
    await receiver?.close();
    await again?.remove();
  });

  it("has the subscription and the event, delivers it, and delivers a new one", async () => {
    const { id, url } = set.subscriptions[0] ?? { id: "", url: "" };
    expect(await client.get(`/v1/subscriptions/${id}`)).toMatchObject({
      status: 200,
      body: { id, url, status: "active" },
    });
    // Killed right after the 202: the workflow may have had no time to start its attempt.
    await expect.poll(() => statusOf(eventId), { timeout: 40_000, interval: 100 }).toBe("delivered");
    expect(await client.get(`/v1/events/${eventId}`)).toMatchObject({
      status: 200,
      body: { id: eventId, type: set.eventType },
    });

    const next = await publish(client);
    await receiver.waitFor((request) => request.headers["webhook-id"] === next);
    await expect.poll(() => statusOf(next), { timeout: 30_000, interval: 100 }).toBe("delivered");
  });

  it("is joined by a worker, which serves health and metrics alone and ends with 0", async () => {
    const worker = await startService({ dataDir, role: "worker", adminKey: again.adminKey });
    const engines = again.pids();
    expect([worker.temporalAddress, worker.mongodbUrl]).toEqual([again.temporalAddress, again.mongodbUrl]);
    const status = async (path: string) =>
      (await fetch(`${worker.url}${path}`, { headers: { authorization: `Bearer ${again.adminKey}` } })).status;
    expect(await status("/health/ready")).toBe(200);
    expect(await status("/metrics")).toBe(200);
    for (const path of ["/v1/events", "/v1/subscriptions", "/docs", "/codec/decode"])
      expect(await status(path), path).toBe(404);

    expect(await worker.stop()).toBe(0);
    expect(again.pids(), "the engines are not the worker's to stop").toEqual(engines);
    expect((await client.get("/health/ready")).status).toBe(200);
  });

  it("ends with 0 at SIGTERM and leaves no engine behind", async () => {
    const { temporal = 0, mongodb = 0 } = again.pids();
    expect([isRunning(temporal), isRunning(mongodb)]).toEqual([true, true]);
    expect(processesOf(dataDir), "else none of these checks sees anything").toHaveLength(2);
    expect(await again.stop()).toBe(0);
    expect([isRunning(temporal), isRunning(mongodb)]).toEqual([false, false]);
    expect(processesOf(dataDir)).toEqual([]);
  });
});
