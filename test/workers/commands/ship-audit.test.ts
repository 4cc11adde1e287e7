/**
 * The audit on its way off the host: a real collector over https, a shipper that is killed in the middle, and the copy
 * compared.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { appendFileSync, chmodSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from "vitest";
import type { MongoStore } from "../../../src/store/index.js";
import { createCursorFile } from "../../../src/workers/commands/ship/cursor.js";
import { shipAudit } from "../../../src/workers/commands/ship/ship.js";
import { createFileTarget, createHttpsTarget, type ShipTarget } from "../../../src/workers/commands/ship/target.js";
import { shipOrder } from "../../../src/workers/commands/ship-audit.js";
import { runComparison } from "../../../src/workers/commands/verify-audit.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { buildOnce, repositoryRoot } from "../../support/build.js";
import { createCertificateAuthority } from "../../support/certificates.js";

interface Line {
  id?: string;
  mac?: string;
  subject?: string;
  head?: { id: string; mac: string };
}
interface Collector {
  url: string;
  /** Every line of every request that was answered with 2xx or was being answered. */
  lines: Line[];
  requests: { authorization: string | undefined; contentType: string | undefined }[];
  /** Decides the answer; undefined: 204. */
  answer: (request: number, response: ServerResponse) => boolean | Promise<boolean>;
  server: Server;
}

const directory = mkdtempSync(join(tmpdir(), "sealpost-ship-"));
const caFile = join(directory, "ca.pem");
const tokenFile = join(directory, "token");
let certificate: { cert: string; key: string };
let database: TestDatabase;
let store: MongoStore;
let collector: Collector;

beforeAll(async () => {
  await buildOnce();
  const authority = await createCertificateAuthority();
  certificate = await authority.issue();
  writeFileSync(caFile, authority.ca);
  writeFileSync(tokenFile, "collector-token\n");
}, 240_000);
beforeEach(async () => {
  database = await openDatabase(inject("mongodbUrl"), "ship");
  store = await database.openStore();
  collector = await startCollector();
});
afterEach(async () => {
  collector.server.closeAllConnections();
  collector.server.close();
  await database.close();
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function startCollector(): Promise<Collector> {
  const found: Omit<Collector, "url" | "server"> = { lines: [], requests: [], answer: () => true };
  const receive = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request);
    found.requests.push({ authorization: request.headers.authorization, contentType: request.headers["content-type"] });
    if (!(await found.answer(found.requests.length, response))) return;
    found.lines.push(
      ...body
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as Line),
    );
    response.writeHead(204).end();
  };
  const server = createServer(certificate, (request, response) => void receive(request, response));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return Object.assign(found, { server, url: `https://localhost:${(server.address() as AddressInfo).port}/audit` });
}

async function append(count: number): Promise<void> {
  await Promise.all(
    Array.from({ length: count }, (_none, index) =>
      store.audit.append({ actor: "key:1", action: "group.change", subject: `grp_${index}` }),
    ),
  );
}
async function idsInStore(): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.audit.all()) ids.push(id);
  return ids;
}
const idsOf = (lines: Line[]) => lines.flatMap(({ id }) => id ?? []);
const linesOf = (file: string) =>
  readFileSync(file, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Line);
let names = 0;
const fileName = (): string => join(directory, `copy-${++names}.jsonl`);

async function ship(target: ShipTarget, cursorFile: string, options: { follow?: boolean; signal?: AbortSignal } = {}) {
  const said: string[] = [];
  const { follow = false, signal = new AbortController().signal } = options;
  const result = await shipAudit({
    audit: store.audit,
    target,
    cursor: createCursorFile(cursorFile, target.name),
    follow,
    signal,
    say: (line) => said.push(line),
    lookEveryMs: 50,
    mostPauseMs: 20,
  });
  return { ...result, said };
}
const https = (more: Partial<Parameters<typeof createHttpsTarget>[0]> = {}) =>
  createHttpsTarget({ url: collector.url, format: "jsonl", tokenFile, caFile, ...more });

/** The command as an operator starts it. */
function command(args: string[]) {
  return spawn(process.execPath, [join(repositoryRoot(), "dist/workers/commands/ship-audit.js"), ...args], {
    stdio: ["ignore", "pipe", "pipe"] as const,
    env: {
      PATH: process.env["PATH"],
      SEALPOST_DATA_DIR: join(directory, "data"),
      MONGODB_URL: inject("mongodbUrl"),
      MONGODB_DATABASE: database.name,
      SEALPOST_MASTER_KEYS: database.masterKeys,
    },
  });
}

describe("to a file", () => {
  test(
    "everything goes once, with the head, and later only what is new; file and cursor are for " + "this user alone",
    async () => {
      const [file] = [fileName()];
      await append(250);
      const first = await ship(createFileTarget(file), `${file}.cursor`);
      const { head } = await store.audit.verify();
      expect(first).toMatchObject({ shipped: 251, head: { seq: 251, mac: head.mac } });
      expect(linesOf(file).at(-1)).toEqual({ head: { id: `aud_${String(251).padStart(16, "0")}`, mac: head.mac } });
      expect(idsOf(linesOf(file))).toEqual(await idsInStore());
      await append(3);
      expect(await ship(createFileTarget(file), `${file}.cursor`)).toMatchObject({ shipped: 3 });
      expect(await ship(createFileTarget(file), `${file}.cursor`)).toMatchObject({ shipped: 0 });
      expect(idsOf(linesOf(file))).toEqual(await idsInStore());
      for (const each of [file, `${file}.cursor`]) expect(statSync(each).mode & 0o777).toBe(0o600);
    },
  );

  test("a line that was cut short, and a cursor that lags, cost duplicates and no gap", async () => {
    const file = fileName();
    await append(20);
    await ship(createFileTarget(file), `${file}.cursor`);
    const cursor = readFileSync(`${file}.cursor`, "utf8");
    await append(5);
    await ship(createFileTarget(file), `${file}.cursor`);
    writeFileSync(`${file}.cursor`, cursor);
    appendFileSync(file, '{"id":"aud_00000000');
    await append(1);
    expect(await ship(createFileTarget(file), `${file}.cursor`)).toMatchObject({ shipped: 6 });
    const said: string[] = [];
    expect(await runComparison({ audit: store.audit, file, say: (line) => said.push(line) })).toBe(true);
    expect(said).toEqual([
      `27 entries of ${file} are in the database as they were shipped`,
      "1 lines of it are no entries: a crash may have cut one short",
    ]);
  });

  test("follows what is appended until it is stopped", async () => {
    const file = fileName();
    const stopping = new AbortController();
    await append(1);
    const running = ship(createFileTarget(file), `${file}.cursor`, { follow: true, signal: stopping.signal });
    await append(2);
    await expect.poll(() => idsOf(linesOf(file)), { timeout: 20_000 }).toHaveLength(4);
    stopping.abort();
    expect(await running).toMatchObject({ shipped: 4 });
  });

  test("a cursor of another target, or a damaged one, ships nothing", async () => {
    const file = fileName();
    writeFileSync(`${file}.cursor`, JSON.stringify({ target: "elsewhere", seq: 3, mac: "x" }));
    await expect(ship(createFileTarget(file), `${file}.cursor`)).rejects.toThrow(/belongs to elsewhere/);
    writeFileSync(`${file}.cursor`, "{");
    await expect(ship(createFileTarget(file), `${file}.cursor`)).rejects.toThrow(
      /cannot be read: correct or remove it/,
    );
  });
});

describe("what the shipped copy shows", () => {
  const shipped = async (count: number): Promise<string> => {
    const file = fileName();
    await append(count);
    await ship(createFileTarget(file), `${file}.cursor`);
    return file;
  };
  const compare = async (file: string) => {
    const said: string[] = [];
    return { same: await runComparison({ audit: store.audit, file, say: (line) => said.push(line) }), said };
  };
  const everything = ["audit", "auditHead", "settings"];
  const snapshot = () =>
    Promise.all(everything.map((name) => database.client.db(database.name).collection(name).find().toArray()));

  test("an audit set back with all its seals, to the comparison and to the next shipment", async () => {
    const file = await shipped(4);
    const older = await snapshot();
    await append(2);
    await ship(createFileTarget(file), `${file}.cursor`);
    for (const [index, name] of everything.entries()) {
      const collection = database.client.db(database.name).collection(name);
      await collection.deleteMany({});
      await collection.insertMany(older[index] ?? []);
    }
    expect(await store.audit.verify(), "in itself it is whole").toMatchObject({ ok: true, chained: 5 });
    expect(await compare(file)).toMatchObject({
      same: false,
      said: expect.arrayContaining(["BROKEN: Entry 6 was shipped and is missing in the database."]) as string[],
    });
    await expect(ship(createFileTarget(file), `${file}.cursor`)).rejects.toThrow(
      /Entry 7 was shipped and is not there any more/,
    );
    // Nor when it has grown again since.
    const other = await database.openStore();
    for (let i = 0; i < 3; i++) await other.audit.append({ actor: "key:2", action: "group.change", subject: "grp_x" });
    await expect(ship(createFileTarget(file), `${file}.cursor`)).rejects.toThrow(
      /Entry 7 was shipped and is another one/,
    );
    expect((await compare(file)).said).toContain("BROKEN: Entry 6 is not as it was shipped.");
  });

  test("a gap in the copy itself", async () => {
    const file = await shipped(4);
    writeFileSync(
      file,
      readFileSync(file, "utf8")
        .split("\n")
        .filter((line) => !line.includes("aud_0000000000000003"))
        .join("\n"),
    );
    expect(await compare(file)).toMatchObject({
      same: false,
      said: expect.arrayContaining(["BROKEN: The copy lacks entry 3."]) as string[],
    });
  });

  test("an entry taken out of the chain stops the shipping instead of waiting for it", async () => {
    const file = await shipped(2);
    await append(3);
    await database.client
      .db(database.name)
      .collection<{ _id: string }>("audit")
      .deleteOne({ _id: "aud_0000000000000004" });
    await expect(ship(createFileTarget(file), `${file}.cursor`, { follow: true })).rejects.toThrow(
      /Entry 4 is missing, and later ones were there/,
    );
  });
});

describe("to a collector", () => {
  test("goes as JSON lines with the token, and again after 503, 429 and a broken connection", async () => {
    await append(150);
    collector.answer = (request, response) => {
      if (request === 1) response.writeHead(503).end();
      else if (request === 2) response.writeHead(429, { "retry-after": "0" }).end();
      else if (request === 3) response.destroy();
      return request > 3;
    };
    const { shipped, said } = await ship(https(), fileName());
    expect(shipped).toBe(151);
    expect(idsOf(collector.lines)).toEqual(await idsInStore());
    expect(new Set(collector.requests.map(({ authorization }) => authorization))).toEqual(
      new Set(["Bearer collector-token"]),
    );
    expect(collector.requests[0]?.contentType).toBe("application/x-ndjson");
    expect(said).toHaveLength(3);
    expect(said.join("\n")).not.toContain("collector-token");
  });

  test("stops where trying again would not help, and keeps its place", async () => {
    await append(3);
    const cursor = fileName();
    collector.answer = (_request, response) => {
      response.writeHead(401).end();
      return false;
    };
    await expect(ship(https(), cursor)).rejects.toThrow(/not shipped beyond entry 0: the collector answered 401/);
    collector.answer = () => true;
    expect(await ship(https(), cursor)).toMatchObject({ shipped: 4 });
  });

  test("is verified: a certificate of another authority, or for another host, gets nothing", async () => {
    await append(1);
    const target = createHttpsTarget({ url: collector.url, format: "jsonl", tokenFile });
    expect(await target.send(await store.audit.after(0, 10))).toMatchObject({
      ok: false,
      retry: true,
      reason: expect.stringMatching(/cannot be reached \((UNABLE|SELF|DEPTH|CERT)/) as string,
    });
    await target.close();
    expect(collector.requests).toEqual([]);
  });

  test("is not called over http, nor with a password in its address", () => {
    for (const to of [
      "http://collector.example/",
      "https://user:password@collector.example/",
      "ftp://collector.example/",
    ])
      expect(() => shipOrder(["--to", to], directory)).toThrow(/https only|token in a file/);
    expect(() => shipOrder([], directory)).toThrow(/Use: npm run audit:ship/);
    expect(shipOrder(["--to", `${collector.url}?token=secret`], directory).target.name).toBe(collector.url);
  });

  test("that is killed again and again leaves no gap, and duplicates only by id", async () => {
    await append(950);
    const args = ["--to", collector.url, "--token-file", tokenFile, "--ca-file", caFile, "--cursor", fileName()];
    for (let kill = 1; kill <= 4; kill++) {
      let child: ChildProcess | undefined;
      const killed = new Promise<void>((resolve) => {
        const from = collector.requests.length;
        // Before or after the collector has taken the batch, in turn: its answer never arrives.
        collector.answer = async (request, response) => {
          if (request - from !== 2) return true;
          child?.kill("SIGKILL");
          if (child) await once(child, "exit");
          resolve();
          if (kill % 2 === 0) return true;
          response.destroy();
          return false;
        };
        child = command(args);
      });
      await killed;
    }
    collector.answer = () => true;
    const last = command(args);
    const [said, complaint, [code]] = await Promise.all([
      text(last.stdout),
      text(last.stderr),
      once(last, "exit") as Promise<[number]>,
    ]);
    expect({ code, complaint }).toEqual({ code: 0, complaint: "" });
    const { head } = await store.audit.verify();
    expect(said).toContain(`head ${head.seq}:${head.mac}`);
    const entries = collector.lines.filter(({ id }) => id !== undefined);
    expect([...new Set(idsOf(entries))], "no gap, and in order").toEqual(await idsInStore());
    expect(entries.length, "two batches came twice").toBeGreaterThan(951);
    expect(new Set(entries.map((line) => JSON.stringify(line))).size, "one that comes twice is the same").toBe(951);
  }, 120_000);
});

test("a token file that is replaced holds for the next request", async () => {
  const own = join(directory, "own-token");
  writeFileSync(own, "one");
  chmodSync(own, 0o600);
  await append(1);
  const target = https({ tokenFile: own });
  await target.send(await store.audit.after(0, 1));
  writeFileSync(own, "two");
  await target.send(await store.audit.after(1, 1));
  await target.close();
  expect(collector.requests.map(({ authorization }) => authorization)).toEqual(["Bearer one", "Bearer two"]);
});
