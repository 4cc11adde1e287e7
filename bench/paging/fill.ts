/** Deliveries that were never sent, written by the store's own functions into the database of a running service. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { newId } from "../../src/store/ids.js";
import type { Attempt, Delivery } from "../../src/store/model.js";
import { connectStore } from "../../src/store/mongo/mongo-store.js";
import type { Service } from "../../test/support/service.js";

/** Documents of one insert. */
const TOGETHER = 500;
const SECOND_MS = 1_000;

export interface DeliveryOwner {
  subscriptionId: string;
  groupId: string;
  eventType: string;
  apiId: string;
}

/** Writes so many, one for each second before now. Says whether the database reads all of them for each list. */
export async function fillDeliveries({ mongodbUrl, dataDir }: Service, owner: DeliveryOwner, count: number) {
  const masterKeys = readFileSync(join(dataDir, "master-keys"), "utf8").trim();
  const store = await connectStore({ mongodbUrl, masterKeys });
  try {
    const now = Date.now();
    for (let from = 0; from < count; from += TOGETHER)
      await store.deliveries.insertMany(
        Array.from({ length: Math.min(TOGETHER, count - from) }, (_, n) =>
          deliveryAt(owner, from + n, new Date(now - (from + n) * SECOND_MS)),
        ),
      );
    return { ferretDb: store.ferretDb };
  } finally {
    await store.close();
  }
}

/** Every seventh was refused, so that the rows have what they have in life. */
function deliveryAt(owner: DeliveryOwner, index: number, at: Date): Delivery {
  const eventId = newId("evt");
  const isRefused = index % 7 === 0;
  const attempt: Attempt = {
    number: 1,
    at,
    outcome: isRefused ? "http_4xx" : "delivered",
    status: isRefused ? 422 : 204,
    durationMs: 10 + (index % 90),
  };
  return {
    ...owner,
    id: `${eventId}.${owner.subscriptionId}`,
    eventId,
    status: isRefused ? "parked" : "delivered",
    ...(isRefused && { reason: "The endpoint answered 422." }),
    createdAt: at,
    updatedAt: at,
    attemptCount: 1,
    attempts: [attempt],
  };
}
