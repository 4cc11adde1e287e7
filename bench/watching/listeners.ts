/** What listeners cost the service: its CPU at a steady rate of events, without them and with them, in turns. */
import type { Client } from "../../test/support/client.js";
import type { Service } from "../../test/support/service.js";
import { type Child, startChild } from "../child.js";
import { monotonicMs, pause, quantile } from "../clock.js";
import { cpuSeconds, type Figures, measure } from "../usage.js";
import type { ListenerMethods } from "./listeners-process.js";

/** What one key may have. */
const OF_ONE_KEY = 20;
/** After this the service has seen who listens, and has settled. */
const SETTLED_MS = 3_000;

export interface Listened {
  listeners: number;
  /** Per cent of one core. */
  service: number;
  database: number;
  /** Bytes that each listener read in a second. */
  bytesPerSecond: number;
}

export interface ListenersPlan {
  service: Service;
  client: Client;
  groupId: string;
  eventType: string;
  listeners: number;
  perSecond: number;
  seconds: number;
  rounds: number;
  say: (line: string) => void;
}

/** The median of the rounds for none, and for all listeners. */
export async function measureListeners(plan: ListenersPlan): Promise<[none: Listened, all: Listened]> {
  const { service, listeners, rounds, say } = plan;
  const child = startChild<ListenerMethods>(new URL("./listeners-process.js", import.meta.url));
  try {
    const keys = await Promise.all(Array.from({ length: Math.ceil(listeners / OF_ONE_KEY) }, () => newKey(plan)));
    const runs: Listened[] = [];
    await turn(plan, child, 0);
    for (let round = 1; round <= rounds; round++) {
      say(`round ${round}: nobody listens`);
      runs.push(await turn(plan, child, 0));
      say(`round ${round}: ${listeners} listen`);
      await child.call("open", { url: service.url, keys, each: OF_ONE_KEY });
      runs.push(await turn(plan, child, listeners));
      await child.call("close", undefined);
    }
    return [medianOf(runs, 0), medianOf(runs, listeners)];
  } finally {
    child.end();
  }
}

async function newKey({ client, groupId }: ListenersPlan): Promise<string> {
  const { body } = await client.post<{ key: string }>("/v1/api-keys", { name: "listens", role: "consumer", groupId });
  return body.key;
}

async function turn(plan: ListenersPlan, child: Child<ListenerMethods>, listeners: number): Promise<Listened> {
  const { service, client, eventType, perSecond, seconds } = plan;
  const { service: own, mongodb } = service.pids();
  const look = (): Figures => measure({ service: [own], database: mongodb ? [mongodb] : [] }, cpuSeconds);
  await pause(SETTLED_MS);
  const [before, read, began] = [look(), await child.call("read", undefined), monotonicMs()];
  for (let second = 0; second < seconds; second++) {
    await client.post(
      "/v1/events",
      Array.from({ length: perSecond }, (_, n) => ({ type: eventType, data: { n } })),
    );
    await pause(Math.max(0, began + (second + 1) * 1_000 - monotonicMs()));
  }
  const [after, readAfter, took] = [look(), await child.call("read", undefined), (monotonicMs() - began) / 1_000];
  const share = (name: string): number => (100 * ((after[name] ?? 0) - (before[name] ?? 0))) / took;
  return {
    listeners,
    service: share("service"),
    database: share("database"),
    bytesPerSecond: listeners === 0 ? 0 : (readAfter - read) / took / listeners,
  };
}

function medianOf(runs: readonly Listened[], listeners: number): Listened {
  const of = (name: keyof Listened): number =>
    quantile(
      runs.filter((run) => run.listeners === listeners).map((run) => run[name]),
      0.5,
    );
  return { listeners, service: of("service"), database: of("database"), bytesPerSecond: of("bytesPerSecond") };
}
