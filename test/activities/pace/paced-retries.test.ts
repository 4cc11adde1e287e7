/** Deliveries that wait for a rate limit, each in a workflow of its own, as events that come one by one leave them. */
import { expect, it } from "vitest";
import { mostOverLimit } from "../../support/rate.js";
import { setUpWorker, worker } from "../running-worker-setup.js";
import { singleRetries } from "../single-retries.js";

const COUNT = 120;
const RATE = { perSecond: 10, burst: 5 };

setUpWorker();

it("have their slot when they come back for it, so each has few runs, and the limit holds", async () => {
  const receiver = await worker.receive();
  const { eventType, subscriptions } = await worker.subscribe([receiver.url], { rateLimit: RATE });
  const [subscription] = subscriptions;
  if (!subscription) throw new Error("no subscription");
  const retries = await singleRetries(worker, eventType, subscription, COUNT);
  await receiver.waitFor(COUNT, 200_000);
  const histories = await Promise.all(
    retries.map(({ workflowId }) => worker.client.workflow.getHandle(workflowId).fetchHistory()),
  );
  const runs = histories
    .flatMap(({ events }) => events ?? [])
    .filter(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled).length;
  // One run asks for the slot, and one comes back for it. It was seven while those that slept kept others out.
  expect(runs / COUNT).toBeLessThan(3.5);
  expect(receiver.requests).toHaveLength(COUNT);
  expect(
    mostOverLimit(
      receiver.requests.map(({ at }) => at),
      RATE,
    ),
  ).toBeLessThanOrEqual(1);
});
