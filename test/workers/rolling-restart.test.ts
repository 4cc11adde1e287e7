/** SIGTERM to one of two services behind a load balancer, while publishers send over connections that they keep. */
import { randomBytes } from "node:crypto";
import { request as httpRequest } from "node:http";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Balancer, freePort, hasHaproxy, startBalancer, startHaproxy } from "../support/balancer.js";
import { createClient, createSubscriptionSet, type SubscriptionSet } from "../support/client.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";

const directory = mkdtempSync(join(tmpdir(), "sealpost-rolling-"));
let receiver: Receiver;
let slow: Receiver;
let staying: Service;
let set: SubscriptionSet;
let slowSet: SubscriptionSet;

beforeAll(async () => {
  receiver = await startReceiver();
  slow = await startReceiver({ respond: () => ({ status: 204, delayMs: 5_000 }) });
  staying = await startService({ dataDir: join(directory, "staying") });
  const client = createClient(staying.url, staying.adminKey);
  set = await createSubscriptionSet(client, { name: "rolling", urls: [receiver.url] });
  slowSet = await createSubscriptionSet(client, { name: "slow", urls: [slow.url] });
  await client.close();
}, 300_000);
afterAll(async () => {
  await staying?.remove();
  await Promise.all([receiver?.close(), slow?.close()]);
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});

/**
 * The service that goes: on the engines of the one that stays, API and worker in one process, at a port that it keeps.
 */
const startGoing = (port: number, env: Record<string, string> = {}): Promise<Service> =>
  startService({ join: staying, dataDir: join(directory, "going"), env: { PORT: String(port), ...env } });

interface Load {
  accepted: Set<string>;
  /** What else came back: statuses, and errors of connections. */
  refused: string[];
  stop(): Promise<void>;
}

const PUBLISHERS = 12;

/** Publishers that go on until they are stopped. Half of their events have ids of their own. */
function startLoad(url: string): Load {
  const client = createClient(url, staying.adminKey, 60_000);
  const load: Pick<Load, "accepted" | "refused"> = { accepted: new Set(), refused: [] };
  let stopped = false;
  const publisher = async (number: number): Promise<void> => {
    while (!stopped) {
      const id = number % 2 === 0 ? { id: `roll-${randomBytes(9).toString("hex")}` } : {};
      const answer = await client
        .post<{ id?: string }>("/v1/events", { type: set.eventType, data: { n: number }, ...id })
        .catch((error: unknown) => String(error));
      if (typeof answer === "string") load.refused.push(answer);
      else if (answer.status !== 202) load.refused.push(`${answer.status} ${JSON.stringify(answer.body)}`);
      else load.accepted.add(answer.body.id ?? "");
      // Often enough for a request to be under way at each step of a stop. More would only take the processor.
      await pause(60);
    }
  };
  const publishers = Array.from({ length: PUBLISHERS }, (_, number) => publisher(number));
  return {
    ...load,
    async stop() {
      stopped = true;
      await Promise.all(publishers);
      await client.close();
    },
  };
}

const arrived = (at: Receiver): Set<string> => new Set(at.requests.map(({ headers }) => String(headers["webhook-id"])));
const missing = (ids: Iterable<string>, at: Receiver): string[] => {
  const there = arrived(at);
  return [...ids].filter((id) => !there.has(id));
};
const grows = async (some: Set<string>, by: number): Promise<void> => {
  const from = some.size;
  await expect.poll(() => some.size, { timeout: 120_000 }).toBeGreaterThan(from + by);
};

const balancers: [string, (urls: string[]) => Promise<Balancer>, boolean][] = [
  ["a load balancer of this suite", startBalancer, true],
  ["HAProxy", startHaproxy, hasHaproxy()],
];
describe.each(balancers)("behind %s", (_name, start, there) => {
  it.skipIf(!there)("no publish is refused or broken off, and all that were accepted arrive", async () => {
    const port = await freePort();
    let going = await startGoing(port);
    const balancer = await start([staying.url, going.url]);
    const load = startLoad(balancer.url);
    try {
      await grows(load.accepted, 200);
      expect(await going.stop(), going.log().slice(-2_000)).toBe(0);
      await grows(load.accepted, 100);
      going = await startGoing(port);
      await grows(load.accepted, 200);
    } finally {
      await load.stop();
      await balancer.close();
      await going.remove();
    }
    expect(load.refused).toEqual([]);
    expect(balancer.failures()).toEqual([]);
    await expect.poll(() => missing(load.accepted, receiver), { timeout: 120_000 }).toEqual([]);
  });
});

describe("a stop", () => {
  /** One answer on a connection of its own. */
  const ask = (url: string, path: string) =>
    new Promise<{ status: number; connection: string | undefined; body: string }>((resolve, reject) => {
      const request = httpRequest(`${url}${path}`, { headers: { connection: "keep-alive" } }, (answer) => {
        let body = "";
        answer.setEncoding("utf8").on("data", (text: string) => (body += text));
        answer.on("end", () =>
          resolve({ status: answer.statusCode ?? 0, connection: answer.headers.connection, body }),
        );
      });
      request.on("error", reject).end();
    });

  it("is told to load balancers first, and each answer closes its connection", async () => {
    const going = await startGoing(await freePort(), { SHUTDOWN_DRAIN_SECONDS: "30" });
    try {
      expect(await ask(going.url, "/health/ready")).toMatchObject({ status: 200, connection: "keep-alive" });
      const stopped = going.stop();
      await expect.poll(async () => (await ask(going.url, "/health/ready")).status).toBe(503);
      const ready = await ask(going.url, "/health/ready");
      expect(ready).toMatchObject({ connection: "close" });
      const problem = JSON.parse(ready.body) as { code: string; detail: string };
      expect(problem.code).toBe("not_ready");
      expect(problem.detail).toMatch(/^The service is stopping\./);
      expect(await ask(going.url, "/health/live")).toMatchObject({ status: 200, connection: "close" });
      const client = createClient(going.url, going.adminKey);
      const answer = await client.post<{ id: string }>("/v1/events", { type: set.eventType, data: {} });
      expect([answer.status, answer.headers["connection"]]).toEqual([202, "close"]);
      await client.close();
      expect(await stopped).toBe(0);
      await expect.poll(() => missing([answer.body.id], receiver), { timeout: 120_000 }).toEqual([]);
    } finally {
      await going.remove();
    }
  });

  it("takes no drain where nothing asked whether it is ready, and says its bound", async () => {
    const going = await startGoing(await freePort(), { SHUTDOWN_DRAIN_SECONDS: "300", SHUTDOWN_GRACE_SECONDS: "35" });
    // Bounded by the harness: it gives up long before the drain would be over.
    expect(await going.stop()).toBe(0);
    expect(going.log()).toMatch(/^SIGTERM: finishing what is under way, at most 365 s\.$/m);
    await going.remove();
  });

  it("ends by itself within its bound beside a consumer that answers after 5 s, and sends nothing twice", async () => {
    const going = await startGoing(await freePort());
    const client = createClient(going.url, going.adminKey, 60_000);
    const events = Array.from({ length: 60 }, (_, number) => ({
      id: `slow-${number}`,
      type: slowSet.eventType,
      data: { number },
    }));
    const answer = await client.post("/v1/events", events);
    expect(answer.status).toBe(202);
    await slow.waitFor(1, 60_000);
    await client.close();
    // 0: it was done. 1: it gave up at its bound.
    expect(await going.stop(), going.log().slice(-2_000)).toBe(0);
    await going.remove();
    await expect
      .poll(
        () =>
          missing(
            events.map(({ id }) => id),
            slow,
          ),
        { timeout: 240_000 },
      )
      .toEqual([]);
    expect(slow.requests).toHaveLength(events.length);
  }, 400_000);
});
