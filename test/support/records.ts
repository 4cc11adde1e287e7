/** Reads delivery records over REST, one by one: the list of everything is a scan on the embedded store. */
import type { Client } from "./client.js";
import type { DeliveryRecord } from "./oracle.js";

const TERMINAL: ReadonlySet<string> = new Set(["delivered", "exhausted", "cancelled"]);
const AT_ONCE = 16;

/**
 * Asks for each delivery until it has ended, or until none has ended for `patienceMs`. Gives what it last saw of each.
 * One that is not there is missing.
 */
export async function settledRecords(
  client: () => Client,
  deliveryIds: Iterable<string>,
  patienceMs = 60_000,
): Promise<Map<string, DeliveryRecord>> {
  const records = new Map<string, DeliveryRecord>();
  let open = [...deliveryIds];
  for (let progressAt = Date.now(); open.length > 0 && Date.now() - progressAt < patienceMs;) {
    const before = open.length;
    await readAll(client(), open, records);
    open = open.filter((id) => !TERMINAL.has(records.get(id)?.status ?? ""));
    if (open.length < before) progressAt = Date.now();
    if (open.length > 0) await new Promise((resolve) => setTimeout(resolve, 250));
  }
  return records;
}

async function readAll(client: Client, ids: readonly string[], into: Map<string, DeliveryRecord>): Promise<void> {
  const queue = ids.values();
  const reader = async () => {
    for (const id of queue) {
      const answer = await client
        .get<DeliveryRecord>(`/v1/deliveries/${encodeURIComponent(id)}`)
        .catch(() => undefined);
      if (answer?.status === 200) into.set(id, answer.body);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, reader));
}
