/** A limit of open files bounds the connections, whatever clients and consumers do. */
import { spawnSync } from "node:child_process";
import { readdirSync } from "node:fs";
import net from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openFileLimit, socketBounds } from "../../../src/workers/process/open-files.js";
import { buildOnce, repositoryRoot } from "../../support/build.js";
import { type Client, createClient, createSubscriptionSet, type SubscriptionSet } from "../../support/client.js";
import { type Receiver, startReceiver } from "../../support/receiver.js";
import { type Service, startService } from "../../support/service.js";

describe("what a limit leaves", () => {
  it.each<[number | undefined, number, number, number]>([
    [undefined, 4_096, 64, 64],
    [1_048_576, 4_096, 64, 64],
    [1_048_576, 4_096, 512, 512],
    [8_352, 4_096, 64, 64],
    [8_350, 4_095, 64, 64],
    [1_024, 432, 64, 64],
    [1_024, 348, 232, 1_000],
    [1_023, 455, 16, 64],
    [1_023, 459, 8, 8],
    [256, 72, 16, 64],
    [192, 40, 16, 64],
  ])(
    "of %s are %i connections of clients, as many to endpoints, and %i of %i to the store",
    (limit, each, store, calls) => {
      const { said, ...bounds } = socketBounds(limit, calls);
      expect(bounds).toEqual({ clients: each, endpoints: each, store });
      if (each === 4_096) expect(said).toBeUndefined();
      else
        expect(said).toMatch(
          new RegExp(`^This process may open ${limit} files, so it takes at most ${each} [^\\n]+\\.$`),
        );
      expect(2 * each + store).toBeLessThanOrEqual(limit ?? Infinity);
    },
  );

  it("refuses a limit with which no service can run", () => {
    expect(() => socketBounds(191, 64)).toThrow(/^This process may open 191 files only, and 192 are the least: raise/);
  });

  it("is read from the system", () => {
    expect(openFileLimit()).toBe(Number(spawnSync("sh", ["-c", "ulimit -n"], { encoding: "utf8" }).stdout));
  });
});

beforeAll(() => buildOnce());

it("a start with too few is refused with one sentence", () => {
  const main = join(repositoryRoot(), "dist/workers/main.js");
  const { status, stderr } = spawnSync("sh", ["-c", 'ulimit -n 100 && exec "$0" "$@"', process.execPath, main], {
    encoding: "utf8",
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], SEALPOST_DATA_DIR: "/nonexistent" },
  });
  expect(stderr).toMatch(/^Sealpost cannot start: This process may open 100 files only[^\n]+\.\n$/);
  expect(status).toBe(1);
});

const LIMIT = 256;
const CONNECTIONS = 400;
const ENDPOINTS = 120;

describe(`a service that may open ${LIMIT} files`, () => {
  let receiver: Receiver;
  let service: Service;
  let client: Client;
  let set: SubscriptionSet;
  const sockets: net.Socket[] = [];

  beforeAll(async () => {
    // Each of them is held for a moment, so that all are open at once.
    receiver = await startReceiver({ respond: () => ({ status: 204, delayMs: 1_000 }) });
    service = await startService({ openFiles: LIMIT });
    client = createClient(service.url, service.adminKey, 60_000);
    const urls = Array.from({ length: ENDPOINTS }, (_, number) => `${receiver.url}/${number}`);
    set = await createSubscriptionSet(client, {
      name: "files",
      urls,
      subscription: { retry: { scheduleSeconds: [1] } },
    });
  }, 300_000);
  afterAll(async () => {
    for (const socket of sockets) socket.destroy();
    await client?.close();
    await service?.remove();
    await receiver?.close();
  });

  it("says at its start what that means", () => {
    expect(service.log()).toMatch(
      /^This process may open 256 files, so it takes at most 72 connections of clients and opens 72 to endpoints: raise/m,
    );
  });

  it("goes on beside more connections and endpoints than it may open, and delivers", async () => {
    // The client's own connection is there before them.
    expect((await client.get("/health/live")).status).toBe(200);
    const { hostname, port } = new URL(service.url);
    for (let n = 0; n < CONNECTIONS; n++)
      sockets.push(net.connect(Number(port), hostname).on("error", () => undefined));
    const answer = await client.post<{ id: string }>("/v1/events", { type: set.eventType, data: { n: 1 } });
    expect(answer.status, JSON.stringify(answer.body)).toBe(202);
    const paths = () =>
      new Set(
        receiver.requests.filter(({ headers }) => headers["webhook-id"] === answer.body.id).map(({ path }) => path),
      );
    await expect.poll(() => paths().size, { timeout: 240_000, interval: 200 }).toBe(ENDPOINTS);
    expect(service.running(), service.log().slice(-2_000)).toBe(true);
    expect(readdirSync(`/proc/${service.pids().service}/fd`).length).toBeLessThan(LIMIT);
    // Those that were too many were closed at once.
    await expect.poll(() => sockets.filter(({ closed }) => closed).length).toBeGreaterThanOrEqual(CONNECTIONS - 72);
  }, 300_000);
});
