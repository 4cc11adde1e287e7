/** The trials of a chaos run: their subscriptions, and that each accepts an event before anything is broken. */
import { createClient, createSubscriptionSet, type SubscriptionSet } from "../../test/support/client.js";
import { pause } from "../clock.js";
import type { Sink } from "../sink.js";
import type { Cluster } from "./cluster.js";
import { publish } from "./publishers.js";
import { randomBytes } from "node:crypto";

export async function prepare(cluster: Cluster, sink: Sink): Promise<Trials> {
  const admin = client(cluster);
  const create = async (name: string, further: Record<string, unknown> = {}, paths = [`/${name}`]) => {
    const retry = { scheduleSeconds: RETRY_SECONDS, maxAttempts: 12 };
    const set = await createSubscriptionSet(admin, {
      name,
      urls: paths.map((path) => sink.url + path),
      subscription: { retry, ...further },
    });
    for (const { url, secret } of set.subscriptions) sink.expectSecret(new URL(url).pathname, secret);
    return set;
  };
  const sets = {
    load: await create("load"),
    limited: await create("limited", { rateLimit: RATE_LIMIT }),
    faults: await create("faults"),
  };
  const drain = await create(
    "drain",
    {},
    Array.from({ length: DRAIN_SUBSCRIPTIONS }, (_, number) => `/drain/${number}`),
  );
  const away = await create("away");
  await admin.close();
  // Some attempts fail and some take time, so that a kill meets every part of the way.
  sink.behave("/load", async ({ id, attempt }) => {
    await pause(id.length % 2 === 0 ? 5 : 40);
    return attempt === 1 && id.endsWith("7") && id.charCodeAt(id.length - 2) % 5 === 0 ? 503 : 204;
  });
  const trials: Trials = {
    cluster,
    sink,
    canary: `canary-${randomBytes(12).toString("hex")}`,
    sets,
    drain,
    away,
    ids: { load: new Set(), limited: new Set(), faults: new Set() },
  };
  await acceptedEverywhere(trials);
  return trials;
}

/** One event of each type through each API: the second one hears of new subscriptions a moment later. */
export async function acceptedEverywhere({ cluster, canary, sets, ids }: Trials): Promise<void> {
  for (const name of ["load", "limited", "faults"] as const) {
    for (const [number, address] of cluster.addresses().entries()) {
      const event = { id: `first-${name}-${number}`, type: sets[name].eventType, data: { canary } };
      for (;;) {
        const result = await publish(address, event);
        if (result.answered && result.status < 300) break;
        await pause(200);
      }
      ids[name].add(event.id);
    }
  }
}

/** Retry schedule of all subscriptions: short, so that a run ends soon. */
export const RETRY_SECONDS = [1, 1, 2, 2, 4];

export const RATE_LIMIT = { perSecond: 10, burst: 5 };

/** A dispatch opens at most 32 requests to one subscription, so those of F21 are spread. */
export const DRAIN_SUBSCRIPTIONS = 10;

export interface Trials {
  cluster: Cluster;
  sink: Sink;
  /** In the payload of every event. It must not be found in plain text anywhere. */
  canary: string;
  sets: Record<"load" | "limited" | "faults", SubscriptionSet>;
  drain: SubscriptionSet;
  away: SubscriptionSet;
  ids: Record<"load" | "limited" | "faults", Set<string>>;
}

export function client(cluster: Cluster) {
  const { url, adminKey } = cluster.service();
  return createClient(url, adminKey);
}
