/** A dispatch waits for its slowest endpoint. What the others answered is on record meanwhile. */
import { expect, it } from "vitest";
import { newGate } from "../support/gate.js";
import { setUpWorker, worker } from "./running-worker-setup.js";

setUpWorker();

const until = { timeout: 100_000, interval: 50 };
const statusOf = async (eventId: string, subscriptionId = ""): Promise<string | undefined> =>
  (await worker.store.deliveries.get(`${eventId}.${subscriptionId}`))?.status;

it("does not let a slow endpoint delay the record of the others", async () => {
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const slow = await worker.receive({
    respond: async () => {
      await answered;
      return { status: 204 };
    },
  });
  const prompt = await worker.receive();
  const {
    eventType,
    subscriptions: [first, second],
  } = await worker.subscribe([slow.url, prompt.url]);
  const id = await worker.publish(eventType, { n: 1 });
  await slow.waitFor(1);
  await expect.poll(() => statusOf(id, second?.id), until).toBe("delivered");
  expect(await statusOf(id, first?.id)).toBeUndefined();
  answer();
  await expect.poll(() => statusOf(id, first?.id), until).toBe("delivered");
  expect(slow.requests).toHaveLength(1);
});

it("records each of several slow endpoints as it answers, whichever is the slowest", async () => {
  const gates = [newGate(), newGate(), newGate()];
  const receivers = await Promise.all(
    gates.map((gate) => worker.receive({ respond: () => gate.pass().then(() => ({ status: 204 })) })),
  );
  const { eventType, subscriptions } = await worker.subscribe(receivers.map(({ url }) => url));
  const id = await worker.publish(eventType, { n: 1 });
  await Promise.all(receivers.map((receiver) => receiver.waitFor(1)));
  // By turns: the first of them may answer before the dispatch has given its place away, and the next does not.
  for (const [index, gate] of gates.entries()) {
    gate.open();
    await expect.poll(() => statusOf(id, subscriptions[index]?.id), until).toBe("delivered");
    const others = subscriptions.slice(index + 1);
    expect(await Promise.all(others.map((other) => statusOf(id, other.id)))).toEqual(others.map(() => undefined));
  }
});
