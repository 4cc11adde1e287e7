/** Publishers of two processes over one database and one engine. */
import { randomBytes } from "node:crypto";
import { Client, Connection } from "@temporalio/client";
import type { PayloadCodec } from "@temporalio/common";
import { pino } from "pino";
import { afterAll, beforeAll, expect, inject } from "vitest";
import { createCatalogue, type Catalogue } from "../../../../src/catalogue/catalogue.js";
import { createMetrics } from "../../../../src/metrics.js";
import type { AcceptableEvent, PublishResult } from "../../../../src/api/dependencies.js";
import { createPublisher, type RunningPublisher } from "../../../../src/api/publish/accept/publisher.js";
import { createPayloadCodec, type MongoStore } from "../../../../src/store/index.js";
import type { DeliverEventInput } from "../../../../src/workflows/contract.js";
import { openDatabase, type TestDatabase } from "../../../store/database.js";

/**
 * What one API process has: a store, a catalogue and a client of its own. No worker: what was started stays to be
 * looked at.
 */
export interface Process {
  name: string;
  publisher: RunningPublisher;
  catalogue: Catalogue;
  store: MongoStore;
  client: Client;
}
export const TYPE = "shop.order.paid";
export const taskQueue = `publish-${randomBytes(4).toString("hex")}`;
const workflows = new Set<string>();
export const closing: (() => unknown)[] = [];
export let database: TestDatabase;
let codec: PayloadCodec;
export let one: Process;
export let two: Process;

export async function startProcess(
  settings: Partial<{ batchMax: number; startsInFlight: number; backlogMax: number }> = {},
  temporalAddress = inject("temporalAddress"),
  given?: MongoStore,
): Promise<Process> {
  const store = given ?? (await database.openStore());
  const catalogue: Catalogue = await createCatalogue({ store });
  const connection = await Connection.connect({ address: temporalAddress });
  const client = new Client({ connection, dataConverter: { payloadCodecs: [createPayloadCodec(store.keyring)] } });
  closing.push(
    () => catalogue.close(),
    () => connection.close(),
  );
  const log = pino(
    { level: "info" },
    { write: (line: string) => void workflows.add(String((JSON.parse(line) as { workflow?: string }).workflow)) },
  );
  const name = `publisher-${randomBytes(4).toString("hex")}`;
  const publisher = createPublisher({
    client,
    store,
    catalogue,
    metrics: createMetrics(),
    log,
    taskQueue,
    process: name,
    settings: { batchMax: 200, startsInFlight: 1, dispatchesInFlight: 3, backlogMax: 10_000, ...settings },
  });
  closing.unshift(() => publisher.close());
  return { name, publisher, catalogue, store, client };
}

/** Opens the database and two processes before the tests of a file, and closes them after. */
export function usePublishers(): void {
  beforeAll(open);
  afterAll(close);
}
async function open(): Promise<void> {
  database = await openDatabase(inject("mongodbUrl"), "publish");
  const store = await database.openStore();
  codec = createPayloadCodec(store.keyring);
  const now = { createdAt: new Date(), updatedAt: new Date() };
  await store.apis.insert({ id: "api_shop", name: "Shop", ...now });
  await store.eventTypes.insert({ name: TYPE, apiId: "api_shop", ...now });
  [one, two] = await Promise.all([startProcess(), startProcess()]);
}
async function close(): Promise<void> {
  await Promise.all(
    [...workflows].map((id) =>
      one.client.workflow
        .getHandle(id)
        .terminate()
        .catch(() => undefined),
    ),
  );
  for (const close of closing) await close();
  await database.close();
}

export const newEventId = (): string => `order-${randomBytes(6).toString("hex")}`;
export const event = (data: unknown, id?: string): AcceptableEvent => ({
  type: TYPE,
  contentType: "application/json",
  body: Buffer.from(JSON.stringify(data)),
  ...(id !== undefined && { id }),
});
export const publish = async (publisher: RunningPublisher, ...events: AcceptableEvent[]): Promise<PublishResult> => {
  const [result] = await publisher.publish(events);
  if (!result) throw new Error("no result");
  return result;
};
/** The input that the workflow was started with, as the engine has it, opened. */
export async function inputOf(workflowId: string): Promise<DeliverEventInput> {
  const { events } = await one.client.workflow.getHandle(workflowId).fetchHistory();
  const payloads = events?.[0]?.workflowExecutionStartedEventAttributes?.input?.payloads ?? [];
  const [payload] = await codec.decode(payloads);
  return JSON.parse(Buffer.from(payload?.data ?? []).toString("utf8")) as DeliverEventInput;
}
export const ownerOf = async (id: string): Promise<string | undefined> => (await one.store.events.get(id))?.owner;
/** In the order of the ids. */
export async function ownersOf(ids: string[]): Promise<(string | undefined)[]> {
  const records = await one.store.events.getMany(ids);
  return ids.map((id) => records.get(id)?.owner);
}

/** The input of the workflow that owns the event, once it was started. */
export async function startedInputOf(id: string): Promise<DeliverEventInput> {
  const owner = (await ownerOf(id)) ?? "";
  await expect.poll(() => inputOf(owner).catch(() => undefined)).toBeDefined();
  return inputOf(owner);
}
