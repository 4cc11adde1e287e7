/** The pace of a subscription over three worker processes that share one engine. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, createClient, createSubscriptionSet } from "../support/client.js";
import { mostOverLimit } from "../support/rate.js";
import { type Receiver, type ReceiverOptions, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";

const services: Service[] = [];
const receivers: Receiver[] = [];
let client: Client;

beforeAll(async () => {
  const first = await startService();
  services.push(first, ...(await Promise.all([1, 2].map(() => startService({ role: "worker", join: first })))));
  client = createClient(first.url, first.adminKey);
}, 240_000);
afterAll(async () => {
  await client?.close();
  await Promise.all(receivers.map((receiver) => receiver.close()));
  for (const service of services.reverse()) await service.remove();
});

/**
 * The highest rate over so many requests in a row, per second. A busy machine starves the services for seconds, most of
 * all while the events are published, and the whole would measure the machine.
 */
function bestRate(at: readonly number[], count: number): number {
  const rates = at
    .slice(0, 1 - count)
    .map((from, index) => (count - 1) / (((at[index + count - 1] ?? 0) - from) / 1_000));
  return Math.max(...rates);
}

let names = 0;
async function backlog(count: number, rateLimit: { perSecond: number; burst: number }, options: ReceiverOptions = {}) {
  const receiver = await startReceiver(options);
  receivers.push(receiver);
  const {
    eventType,
    subscriptions: [subscription],
  } = await createSubscriptionSet(client, {
    name: `pace${++names}`,
    urls: [receiver.url],
    subscription: { rateLimit },
  });
  if (!subscription) throw new Error("no subscription");
  // In several workflows, so that all workers take part.
  for (let sent = 0; sent < count; sent += 20) {
    const answer = await client.post(
      "/v1/events",
      Array.from({ length: Math.min(20, count - sent) }, (_, n) => ({ type: eventType, data: { n: sent + n } })),
    );
    expect(answer.status).toBe(202);
  }
  return { receiver, subscription, eventType };
}

describe.concurrent(
  "over any window a subscription gets at most burst + rate·W, and while there is a backlog 95 % of its rate",
  () => {
    it.for([
      { perSecond: 0.5, burst: 1, events: 8 },
      { perSecond: 5, burst: 5, events: 65 },
      { perSecond: 50, burst: 50, events: 650 },
    ])("$perSecond/s", { timeout: 120_000, retry: 1 }, async ({ events, ...rate }) => {
      const { receiver } = await backlog(events, rate);
      const at = (await receiver.waitFor(events, 90_000)).map((request) => request.at).sort((a, b) => a - b);
      expect(mostOverLimit(at, rate)).toBeLessThanOrEqual(1);
      // After the burst the rate alone counts. The last ones are left out, when some workers have nothing more to send.
      const paced = at.slice(rate.burst, Math.max(rate.burst + 4, Math.floor(events * 0.9)));
      expect(bestRate(paced, Math.max(4, Math.ceil(paced.length / 3))) / rate.perSecond).toBeGreaterThanOrEqual(0.95);
    });
  },
);

describe("a changed rate", () => {
  it("takes effect within 2 s in every worker", async () => {
    const { receiver, subscription } = await backlog(120, { perSecond: 0.5, burst: 1 });
    await receiver.waitFor(1);
    const changed = { perSecond: 50, burst: 10 };
    expect((await client.patch(`/v1/subscriptions/${subscription.id}`, { rateLimit: changed })).status).toBe(200);
    const from = Date.now();
    const requests = await receiver.waitFor(120);
    // At the old rate the next three would have taken six seconds.
    const after = requests
      .filter(({ at }) => at > from)
      .map(({ at }) => at - from)
      .sort((a, b) => a - b);
    expect(after[2]).toBeLessThanOrEqual(2_500);
  }, 90_000);
});

describe("Retry-After", () => {
  it("pauses that subscription in every worker, and no other", async () => {
    let refusedAt = 0;
    const PAUSE_MS = 4_000;
    const paused = await backlog(
      60,
      { perSecond: 20, burst: 5 },
      {
        respond: ({ at }) => {
          if (refusedAt === 0) refusedAt = at;
          return at < refusedAt + PAUSE_MS
            ? { status: 429, headers: { "retry-after": String(PAUSE_MS / 1_000) } }
            : { status: 200 };
        },
      },
    );
    const other = await backlog(20, { perSecond: 20, burst: 20 });
    await other.receiver.waitFor(20);
    const untilPauseEnds = paused.receiver.requests.filter(
      ({ at }) => at > refusedAt + 1_500 && at < refusedAt + PAUSE_MS - 100,
    );
    await paused.receiver.waitFor((request) => request.at >= refusedAt + PAUSE_MS);
    // What was on its way when the consumer refused may still arrive; then there is quiet.
    expect(untilPauseEnds).toEqual([]);
    expect(
      paused.receiver.requests.filter(({ at }) => at > refusedAt + 1_500 && at < refusedAt + PAUSE_MS - 100),
    ).toEqual([]);
  }, 90_000);
});
