import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, inject, test } from "vitest";
import { createHttpsTarget } from "../../../src/workers/commands/ship/target.js";
import { shipOrder } from "../../../src/workers/commands/ship-audit.js";
import { repositoryRoot } from "../../support/build.js";
import {
  directory,
  database,
  store,
  append,
  idsInStore,
  idsOf,
  fileName,
  ship,
  caFile,
  tokenFile,
  collector,
  setUpShipAudit,
} from "./ship-audit-setup.js";

setUpShipAudit();

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
