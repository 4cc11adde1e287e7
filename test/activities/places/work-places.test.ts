/**
 * A worker that may do little at once: what waits for its place is done, and a consumer that hangs holds up no other.
 */
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Receiver } from "../../support/receiver.js";
import { prepareRerun } from "../rerun-setup.js";
import { type RunningWorker, startRunningWorker } from "../running-worker.js";

const until = { timeout: 100_000, interval: 50 };
/** Workflow tasks of a worker at once (src/workers/temporal.ts). */
const SLOTS = 40;
/** Reruns that may wait in a process. */
const RERUNS_WAITING = 8;
/** Attempts to one endpoint at once. */
const EACH = 32;

/** A receiver that answers once it is told to. */
async function hanging(worker: RunningWorker): Promise<Receiver & { answer(): void }> {
  let answer = (): void => undefined;
  const answered = new Promise<void>((resolve) => (answer = resolve));
  const receiver = await worker.receive({ respond: () => answered.then(() => ({ status: 204 })) });
  return Object.assign(receiver, { answer });
}
const statusOf = async (worker: RunningWorker, eventId: string, subscriptionId = ""): Promise<string | undefined> =>
  (await worker.store.deliveries.get(`${eventId}.${subscriptionId}`))?.status;
async function valueOf({ metrics }: RunningWorker, name: "inFlight" | "waiting" | "inFlightLimit", kind: string) {
  const { values } = await metrics[name].get();
  return values.find(({ labels }) => labels.kind === kind)?.value;
}

describe.each([
  ["in the dispatch", false],
  ["right after the commit", true],
])("with one dispatch and 40 attempts at once, first attempts %s", (_where, startsEarly) => {
  let worker: RunningWorker;
  beforeAll(async () => {
    worker = await startRunningWorker({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      startsEarly,
      places: { dispatches: 1, attempts: 40 },
    });
  });
  afterAll(() => worker?.close());

  it("an endpoint that hangs holds its places and no more, and everybody else is delivered to meanwhile", async () => {
    const slow = await hanging(worker);
    const prompt = await worker.receive();
    // Nothing of it may time out on a busy machine.
    const toSlow = await worker.subscribe([slow.url], { retry: { timeoutMs: 300_000 } });
    const toPrompt = await worker.subscribe([prompt.url]);
    const held = await Promise.all(Array.from({ length: 60 }, (_, n) => worker.publish(toSlow.eventType, { n })));
    await slow.waitFor(EACH);
    // Each in a dispatch of its own, and there is one place for all.
    const ids: string[] = [];
    for (let n = 0; n < 5; n++) {
      const id = await worker.publish(toPrompt.eventType, { n });
      await expect.poll(() => statusOf(worker, id, toPrompt.subscriptions[0]?.id), until).toBe("delivered");
      ids.push(id);
    }
    expect(slow.requests).toHaveLength(EACH);
    expect(await valueOf(worker, "inFlight", "attempts")).toBe(EACH);
    expect(await valueOf(worker, "inFlightLimit", "attempts")).toBe(40);
    slow.answer();
    for (const id of held)
      await expect.poll(() => statusOf(worker, id, toSlow.subscriptions[0]?.id), until).toBe("delivered");
    expect(slow.requests.map(({ headers }) => String(headers["webhook-id"])).sort()).toEqual([...held].sort());
    expect(prompt.requests).toHaveLength(ids.length);
    for (const kind of ["dispatches", "reruns", "attempts"])
      await expect.poll(() => valueOf(worker, "inFlight", kind), until).toBe(0);
    for (const kind of ["dispatches", "reruns", "attempts"]) expect(await valueOf(worker, "waiting", kind)).toBe(0);
  });

  it("a rerun keeps others from reading only as long as it reads itself", async () => {
    const seen: (number | undefined)[][] = [];
    const receiver = await worker.receive({
      respond: async () => {
        seen.push([await valueOf(worker, "inFlight", "reruns"), await valueOf(worker, "inFlight", "dispatches")]);
        return { status: 204 };
      },
    });
    const { eventType } = await worker.subscribe([receiver.url]);
    const { owner, start } = await prepareRerun(worker, eventType, 1);
    await start();
    await worker.client.workflow.getHandle(owner).result();
    expect(seen).toEqual([[0, 1]]);
  });

  it("many events to many endpoints arrive once each, however few may be under way", async () => {
    const receiver = await worker.receive();
    const { eventType, subscriptions } = await worker.subscribe(
      Array.from({ length: 60 }, (_, n) => receiver.url.replace("/hook", `/${n}`)),
    );
    const ids = await Promise.all(Array.from({ length: 10 }, (_, n) => worker.publish(eventType, { n })));
    await receiver.waitFor(600, 100_000);
    for (const id of ids)
      for (const { id: subscriptionId } of subscriptions)
        await expect.poll(() => statusOf(worker, id, subscriptionId), until).toBe("delivered");
    expect(receiver.requests).toHaveLength(600);
  });
});

describe("a worker whose places for reruns are taken", () => {
  let worker: RunningWorker;
  beforeAll(async () => {
    worker = await startRunningWorker({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  });
  afterAll(() => worker?.close());

  it("lets few reruns wait, so that what is new finds a slot, and does all of them in the end", async () => {
    const taken = [worker.workPlaces.reruns.tryEnter(""), worker.workPlaces.reruns.tryEnter("")];
    expect(taken).not.toContain(undefined);
    const old = await worker.receive();
    const { eventType } = await worker.subscribe([old.url]);
    const reruns = await Promise.all(Array.from({ length: 2 * SLOTS }, () => prepareRerun(worker, eventType, 1)));
    await Promise.all(reruns.map(({ start }) => start()));
    await expect.poll(() => valueOf(worker, "waiting", "reruns"), until).toBe(RERUNS_WAITING);
    const fresh = await worker.receive();
    const { eventType: another } = await worker.subscribe([fresh.url]);
    await worker.publish(another, {});
    await fresh.waitFor(1, 100_000);
    await expect.poll(() => valueOf(worker, "waiting", "reruns"), until).toBe(RERUNS_WAITING);
    expect(old.requests).toEqual([]);
    for (const place of taken) place?.leave();
    await old.waitFor(reruns.length, 100_000);
    await Promise.all(reruns.map(({ owner }) => worker.client.workflow.getHandle(owner).result()));
    expect(old.requests).toHaveLength(reruns.length);
  });
});
