/**
 * Counts deliveries that are parked or exhausted, where their outcomes are written. What this process counts within
 * some seconds is one write for each subscription. So an outage costs the store the same, however many it parks.
 */
import type { Logger } from "pino";
import { byTheClock } from "../../by-the-clock.js";
import type { Catalogue } from "../../catalogue/catalogue.js";
import type { CountedNotice } from "../../store/notices/notices.js";
import type { Delivery } from "../../store/model.js";
import type { DeliveryStore, Store } from "../../store/store.js";
import type { DeliveryStatus } from "../../workflows/contract.js";

const EVERY_MS = 5_000;
/** Subscriptions with counts that are not written yet. Those beyond that are not told. */
const MOST = 10_000;

interface Counted {
  notice: CountedNotice;
  count: number;
}

interface Written {
  id: string;
  status: DeliveryStatus;
  groupId?: string | undefined;
  reason?: string | null | undefined;
}

export interface OutcomeCountsDependencies {
  store: Pick<Store, "notices">;
  catalogue: Pick<Catalogue, "subscription">;
  log: Pick<Logger, "warn">;
  everyMs?: number;
}

export interface OutcomeCounts {
  /** The same deliveries, whose written outcomes are counted. */
  counting(deliveries: DeliveryStore): DeliveryStore;
  /** Writes what was counted. */
  flush(): Promise<void>;
  /** Writes once more, and no more. */
  stop(): Promise<void>;
}

export function createOutcomeCounts({
  store,
  catalogue,
  log,
  everyMs = EVERY_MS,
}: OutcomeCountsDependencies): OutcomeCounts {
  let counts = new Map<string, Counted>();

  function add({ id, status, groupId, reason }: Written): void {
    if (status !== "parked" && status !== "exhausted") return;
    const subscriptionId = id.slice(id.lastIndexOf(".") + 1);
    const key = `${status}/${subscriptionId}`;
    const before = counts.get(key);
    if (before) return void before.count++;
    const owner = groupId ?? catalogue.subscription(subscriptionId)?.groupId;
    if (owner === undefined || counts.size >= MOST) return;
    const notice: CountedNotice = {
      kind: `delivery.${status}`,
      groupId: owner,
      subscriptionId,
      subject: id,
      ...(typeof reason === "string" && { reason }),
    };
    counts.set(key, { notice, count: 1 });
  }

  async function flush(): Promise<void> {
    if (counts.size === 0) return;
    const some = counts;
    counts = new Map();
    for (const { notice, count } of some.values())
      await store.notices
        .addCount(notice, count)
        .catch((error: unknown) => log.warn({ err: error, count, kind: notice.kind }, "a count of deliveries is lost"));
  }

  const clock = byTheClock(everyMs, flush);
  return {
    counting: (deliveries) => ({
      ...deliveries,
      async insertMany(some: Delivery[]) {
        const known = await deliveries.insertMany(some);
        const before = known.length > 0 ? new Set(known) : undefined;
        for (const delivery of some) if (!before?.has(delivery.id)) add(delivery);
        return known;
      },
      async record(changes) {
        const refused = await deliveries.record(changes);
        const not = refused.length > 0 ? new Set(refused.map(({ id }) => id)) : undefined;
        for (const change of changes) if (!not?.has(change.id)) add(change);
        return refused;
      },
    }),
    flush,
    async stop() {
      await clock.stop();
      await flush();
    },
  };
}
