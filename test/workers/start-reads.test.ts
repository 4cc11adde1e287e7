/**
 * What a process asks FerretDB for at its start and in the first minute, over a store that holds deliveries. FerretDB
 * reads every document for anything but an exact `_id`, so such a question costs more with every stored delivery.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { isFerretDb } from "../../src/store/mongo/connection.js";
import { engineAtHand, type OwnEngine, startOwnEngine } from "../store/engine.js";
import { unboundedOf } from "../support/bounded-reads.js";
import { createClient, createSubscriptionSet } from "../support/client.js";
import { type CommandLog, logCommands } from "../support/command-log.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";

const EVENTS = 60;
/** Announcements of other processes are looked at every 5 s: 4 to 6 of them. So many looks take a minute at least. */
const LOOKS_OF_A_MINUTE = 15;
/** The announcement of a process that was killed is gone after 8 s, and two looks. */
const LOOKS_AFTER_A_KILL = 5;
const waiting = { timeout: 400_000, interval: 200 };
const directory = mkdtempSync(join(tmpdir(), "sealpost-start-reads-"));
let engine: OwnEngine;
let ferretDb: boolean;
let log: CommandLog;
let receiver: Receiver;
let service: Service;

beforeAll(async () => {
  if (!engineAtHand()) return;
  engine = await startOwnEngine();
  const client = await new MongoClient(engine.url).connect();
  ferretDb = await isFerretDb(client.db("sealpost"));
  await client.close();
  if (!ferretDb) return;
  log = await logCommands(engine.url);
  receiver = await startReceiver();
}, 300_000);
afterAll(async () => {
  await service?.remove();
  await receiver?.close();
  await log?.close();
  await engine?.stop();
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});
beforeEach((context) => {
  if (!engine) context.skip("no database engine on this machine");
  else if (!ferretDb) context.skip("only FerretDB reads without indexes");
});

async function start(): Promise<Service> {
  // A test that is run once more finds the service of its first run.
  if (service?.running()) await service.stop();
  return (service = await startService({
    dataDir: join(directory, "data"),
    env: { MONGODB_URL: log.url },
    ...(service && { adminKey: service.adminKey }),
  }));
}
const looks = (): number =>
  log.commands.filter(({ name, collection }) => name === "find" && collection === "owners").length;
/**
 * These have as many documents as there are processes, or objects that people made. What is delivered does not make
 * them grow, and writes to them compare more than the `_id`.
 */
const SMALL = new Set([
  "owners",
  // One for each dispatch under way that lasts for long, or runs again. It goes with its dispatch.
  "runLeases",
  "grantHead",
  "apis",
  "eventTypes",
  "groups",
  "subscriptions",
  "apiKeys",
  "samlConnections",
  // What nobody was told yet: empty within seconds, and never more than 10,000. What is settled lies elsewhere.
  "notices",
  // Messages to chat channels that are not sent yet: never more than 20,000, and none without a channel.
  "chatLines",
]);
const unbounded = (): string[] => unboundedOf(log.commands.filter(({ collection }) => !SMALL.has(collection)));
/**
 * Reads of all events or all deliveries, which no start and no clock makes. The oldest one alone is read in one step.
 */
const whole = (): string[] =>
  log.commands
    .filter(({ name, collection }) => name === "find" && (collection === "events" || collection === "deliveries"))
    .filter(({ body }) => Object.keys(body["filter"] as object).length === 0 && body["limit"] !== 1)
    .map(({ collection }) => collection);

async function publish(eventType: string, count: number): Promise<void> {
  const client = createClient(service.url, service.adminKey);
  const before = receiver.requests.length;
  const answers = await Promise.all(
    Array.from({ length: count }, (_, n) => client.post("/v1/events", { type: eventType, data: { n } })),
  );
  await client.close();
  expect(answers.filter(({ status }) => status !== 202)).toEqual([]);
  await receiver.waitFor(before + count, 100_000);
}

describe("a process on FerretDB", () => {
  it(
    "reads by exact ids, or a few from the beginning, at its start and in its first minute",
    { timeout: 600_000 },
    async () => {
      await start();
      const client = createClient(service.url, service.adminKey);
      const { eventType } = await createSubscriptionSet(client, { name: "start-reads", urls: [receiver.url] });
      await client.close();
      await publish(eventType, EVENTS);
      expect(await service.stop()).toBe(0);

      log.commands.length = 0;
      await start();
      await publish(eventType, EVENTS);
      await expect.poll(looks, waiting).toBeGreaterThanOrEqual(LOOKS_OF_A_MINUTE);
      expect(unbounded()).toEqual([]);
      expect(whole()).toEqual([]);
    },
  );

  it(
    "looks for what a killed process left behind in two reads of the events, and not again",
    { timeout: 600_000 },
    async () => {
      await service.kill();
      log.commands.length = 0;
      await start();
      await expect.poll(looks, waiting).toBeGreaterThanOrEqual(LOOKS_AFTER_A_KILL);
      const found = unbounded();
      expect(found.length).toBeGreaterThan(0);
      expect(found.length).toBeLessThanOrEqual(2);
      expect(found.filter((each) => !each.startsWith('find events {"owner"'))).toEqual([]);
      expect(whole()).toEqual([]);
    },
  );
});
