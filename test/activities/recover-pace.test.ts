/** The pace of a recovery, in real time: nothing may run beside it (vitest.config.ts). */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { mostOverLimit } from "../support/rate.js";
import type { ReceivedRequest } from "../support/receiver.js";
import { type Recovering, recovering, until } from "./recovering.js";
import { type RunningWorker, startRunningWorker } from "./running-worker.js";

const UNLIMITED = { perSecond: 10, burst: 1 };
/**
 * Requests above the rule that a loaded machine may make of some 200 ms by which requests are under way for unequal
 * times.
 */
const UNEVEN = 3;
let worker: RunningWorker;
let { endpoint, exhausted, parked, recordOf, recover, ended } = {} as Recovering;
beforeAll(async () => {
  worker = await startRunningWorker({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  ({ endpoint, exhausted, parked, recordOf, recover, ended } = recovering(worker));
});
afterAll(() => worker?.close());

describe.concurrent("the pace", () => {
  it("is 10/s where the subscription has none, over any window, through open workflows and new ones", async () => {
    let mended = false;
    const at = await endpoint({}, () => ({ status: mended ? 204 : 422 }));
    await parked(at, 20);
    await exhausted(at, 30);
    at.receiver.requests.length = 0;
    mended = true;
    const id = await recover({ subscriptionId: at.subscription.id });
    await at.receiver.waitFor(50);
    expect(
      mostOverLimit(
        at.receiver.requests.map((request) => request.at),
        UNLIMITED,
      ),
    ).toBeLessThanOrEqual(UNEVEN);
    await ended(id);
    expect(await recordOf(id)).toMatchObject({ progress: { sent: 50, delivered: 50 } });
  });

  it("is the subscription's own where it has one", async () => {
    const rateLimit = { perSecond: 5, burst: 2 };
    const at = await endpoint({ rateLimit });
    await exhausted(at, 40);
    await recover({ subscriptionId: at.subscription.id });
    await at.receiver.waitFor(40);
    expect(
      mostOverLimit(
        at.receiver.requests.map((request) => request.at),
        rateLimit,
      ),
    ).toBeLessThanOrEqual(UNEVEN);
  });

  it("is at most half of it while live traffic waits", async () => {
    const rateLimit = { perSecond: 10, burst: 1 };
    const at = await endpoint({ rateLimit });
    const recovered = new Set<unknown>(await exhausted(at, 80));
    const live = Array.from({ length: 120 }, (_, n) => n);
    await Promise.all(live.map((n) => worker.publish(at.eventType, { n })));
    await expect
      .poll(async () => (await worker.store.deliveries.waiting(at.subscription.id, 200)).length, until)
      .toBeGreaterThan(40);
    const id = await recover({ subscriptionId: at.subscription.id });
    const from = Date.now();
    const isLive = (request: ReceivedRequest): boolean => !recovered.has(request.headers["webhook-id"]);
    await expect.poll(() => at.receiver.requests.filter(isLive).length, until).toBe(120);
    const last = Math.max(...at.receiver.requests.filter(isLive).map((request) => request.at));
    const ours = at.receiver.requests.filter((request) => !isLive(request) && request.at <= last);
    const seconds = (last - from) / 1_000;
    // The first hand-over comes before anybody has looked.
    expect(ours.length, `${ours.length} in ${seconds} s`).toBeLessThanOrEqual(5 * seconds + 10);
    await ended(id);
    expect(await recordOf(id)).toMatchObject({ progress: { sent: 80, delivered: 80 } });
    expect(
      mostOverLimit(
        at.receiver.requests.map((request) => request.at),
        rateLimit,
      ),
    ).toBeLessThanOrEqual(UNEVEN);
  }, 120_000);
});
