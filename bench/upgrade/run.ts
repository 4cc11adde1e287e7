/**
 * An upgrade with open deliveries. An older release is started on an empty data directory and gets events for endpoints
 * that accept, refuse, fail, are paused and are limited. It ends with deliveries in each state. This release is started
 * on the same data, the endpoints are put right, and every delivery must arrive.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { groupBy } from "../../src/group-by.js";
import { type Client, createClient, createSubscriptionSet, type SubscriptionSet } from "../../test/support/client.js";
import type { DeliveryRecord } from "../../test/support/oracle.js";
import { type Service, startService } from "../../test/support/service.js";
import { pause } from "../clock.js";
import { type Arrival, type Sink, startSink } from "../sink.js";

/** `killed`: SIGKILL of the service and its engines at once, as by a power cut. */
export const ENDINGS = ["stopped", "killed"] as const;
export type Ending = (typeof ENDINGS)[number];

export interface UpgradeOptions {
  /** The checkout of the older release, built. */
  from: string;
  /** For each kind of endpoint. */
  events: number;
  endedBy: Ending;
  say(text: string): void;
}

export interface UpgradeRow {
  name: KindName;
  /** How many deliveries were in which status. */
  before: Record<string, number>;
  after: Record<string, number>;
  sentBefore: number;
  sentAfter: number;
  /** Deliveries that the endpoint took more than once, but for those that a person had asked for. */
  takenAgain: number;
  faults: string[];
}

interface Kind {
  /** What the endpoint answers as long as the older release runs. */
  answer: number;
  subscription: Record<string, unknown>;
  /** The status that the older release leaves. */
  left: string;
  /** Enough of them. */
  isReached(count: number, events: number): boolean;
}

const all = (count: number, events: number): boolean => count === events;

const KINDS = {
  accepting: { answer: 204, subscription: {}, left: "delivered", isReached: all },
  refusing: { answer: 400, subscription: {}, left: "parked", isReached: all },
  failing: {
    answer: 503,
    subscription: { retry: { scheduleSeconds: Array<number>(30).fill(20) } },
    left: "retrying",
    isReached: all,
  },
  paused: { answer: 204, subscription: {}, left: "held", isReached: all },
  limited: {
    answer: 204,
    subscription: { rateLimit: { perSecond: 0.25, burst: 1 } },
    left: "throttled",
    isReached: (count) => count > 0,
  },
} as const satisfies Record<string, Kind>;
type KindName = keyof typeof KINDS;
const NAMES = Object.keys(KINDS) as KindName[];

interface Subject {
  name: KindName;
  kind: Kind;
  set: SubscriptionSet;
  path: string;
  deliveryIds: string[];
}

const PATIENCE_MS = 180_000;

/** Gives what became of each kind of endpoint. */
export async function runUpgrade(options: UpgradeOptions): Promise<UpgradeRow[]> {
  const dataDir = mkdtempSync(join(tmpdir(), "sealpost-upgrade-"));
  const sink = await startSink();
  let service: Service | undefined;
  try {
    options.say(`starting the older release in ${options.from}`);
    service = await startService({ dataDir, root: options.from });
    const older = createClient(service.url, service.adminKey);
    const subjects = await publishAll(older, sink, options.events);
    options.say("waiting until its deliveries are in every state");
    const before = await untilLeft(older, subjects, options.events);
    await older.close();
    await end(service, options.endedBy);
    const cut = Date.now();
    options.say("starting this release on its data");
    service = await startService({ dataDir, adminKey: service.adminKey });
    const newer = createClient(service.url, service.adminKey);
    for (const { path } of subjects) sink.behave(path, () => 204);
    await putRight(newer, subjects);
    options.say("waiting until everything is delivered");
    const after = await untilDelivered(newer, subjects);
    await newer.close();
    return subjects.map((subject) => rowOf(subject, { before, after, arrivals: sink.arrivals, cut }));
  } finally {
    await service?.remove();
    await sink.close();
    rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function publishAll(client: Client, sink: Sink, events: number): Promise<Subject[]> {
  const subjects: Subject[] = [];
  for (const name of NAMES) {
    const kind: Kind = KINDS[name];
    const path = `/${name}`;
    sink.behave(path, () => kind.answer);
    const { subscription } = kind;
    const set = await createSubscriptionSet(client, { name, urls: [sink.url + path], subscription });
    const id = set.subscriptions[0]?.id ?? "";
    if (kind.left === "held") await must(client.post(`/v1/subscriptions/${id}/pause`, {}));
    subjects.push({ name, kind, set, path, deliveryIds: [] });
  }
  for (const { name, set, deliveryIds } of subjects) {
    const eventIds = Array.from({ length: events }, (_, number) => `${name}-${number}`);
    await Promise.all(eventIds.map((id) => must(client.post("/v1/events", { id, type: set.eventType, data: { id } }))));
    deliveryIds.push(...eventIds.map((id) => `${id}.${set.subscriptions[0]?.id}`));
  }
  return subjects;
}

/** A person sends the refused ones again, and resumes what is paused. */
async function putRight(client: Client, subjects: readonly Subject[]): Promise<void> {
  for (const { kind, set, deliveryIds } of subjects) {
    if (kind.left === "held") await must(client.post(`/v1/subscriptions/${set.subscriptions[0]?.id}/resume`, {}));
    if (kind.left === "parked")
      for (const id of deliveryIds) await must(client.post(`/v1/deliveries/${encodeURIComponent(id)}/resend`));
  }
}

async function end(service: Service, endedBy: Ending): Promise<void> {
  if (endedBy === "stopped") return void (await service.stop());
  const { temporal, mongodb } = service.pids();
  await service.kill();
  for (const pid of [temporal, mongodb]) if (pid !== undefined) process.kill(pid, "SIGKILL");
}

type Records = ReadonlyMap<string, DeliveryRecord>;

async function untilLeft(client: Client, subjects: readonly Subject[], events: number): Promise<Records> {
  return until(client, subjects, (records) =>
    subjects.every(({ kind, deliveryIds }) => kind.isReached(countsOf(records, deliveryIds)[kind.left] ?? 0, events)),
  );
}

const untilDelivered = (client: Client, subjects: readonly Subject[]): Promise<Records> =>
  until(client, subjects, (records) =>
    subjects.every(({ deliveryIds }) => deliveryIds.every((id) => records.get(id)?.status === "delivered")),
  );

/** What stands when it is so, or when nothing has changed for long. */
async function until(
  client: Client,
  subjects: readonly Subject[],
  isSo: (records: Records) => boolean,
): Promise<Records> {
  let seen = "";
  for (let deadline = Date.now() + PATIENCE_MS; ; await pause(500)) {
    const records = new Map<string, DeliveryRecord>();
    for (const id of subjects.flatMap(({ deliveryIds }) => deliveryIds)) {
      const { status, body } = await client.get<DeliveryRecord>(`/v1/deliveries/${encodeURIComponent(id)}`);
      if (status === 200) records.set(id, body);
    }
    if (isSo(records) || Date.now() > deadline) return records;
    const states = JSON.stringify([...records.values()].map(({ status }) => status));
    if (states !== seen) deadline = Date.now() + PATIENCE_MS;
    seen = states;
  }
}

function rowOf(
  { name, kind, path, deliveryIds }: Subject,
  run: { before: Records; after: Records; arrivals: readonly Arrival[]; cut: number },
): UpgradeRow {
  const arrivals = run.arrivals.filter((arrival) => arrival.path === path);
  const taken = groupBy(
    arrivals.filter(({ answered }) => answered === 204),
    ({ id }) => id,
  );
  const before = countsOf(run.before, deliveryIds);
  const after = countsOf(run.after, deliveryIds);
  const takenAgain = [...taken.values()].filter(({ length }) => length > 1).length;
  const lost = deliveryIds.length - taken.size;
  const faults = [
    ...(before[kind.left] === undefined ? [`the older release left none ${kind.left}`] : []),
    ...(after["delivered"] === deliveryIds.length ? [] : ["not every delivery is recorded as delivered"]),
    ...(lost > 0 ? [`${lost} events never arrived`] : []),
    ...(takenAgain > 0 ? [`${takenAgain} events were taken more than once`] : []),
    ...(arrivals.some(({ signature }) => signature === "invalid") ? ["a signature is wrong"] : []),
  ];
  const sentBefore = arrivals.filter(({ at }) => at < run.cut).length;
  return { name, before, after, sentBefore, sentAfter: arrivals.length - sentBefore, takenAgain, faults };
}

function countsOf(records: Records, ids: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const id of ids) {
    const status = records.get(id)?.status ?? "not recorded";
    counts[status] = (counts[status] ?? 0) + 1;
  }
  return counts;
}

async function must(answer: Promise<{ status: number; body: unknown }>): Promise<void> {
  const { status, body } = await answer;
  if (status >= 300) throw new Error(`The service answered ${status}: ${JSON.stringify(body)}`);
}
