import { describe, expect, it } from "vitest";
import { TEST_EVENT_TYPE } from "../../src/catalogue/routes.js";
import { takeStep, type LifeAct } from "../../src/store/subscription-life.js";
import type { Route } from "../../src/activities/first-attempts.js";
import { filterRoutes } from "../../src/activities/filter-routes.js";
import { subscription } from "../store/fixtures.js";
import { setUpWorker, worker } from "./running-worker-setup.js";

setUpWorker();

const until = { timeout: 40_000, interval: 50 };
const recordOf = (eventId: string, subscriptionId = "") => worker.store.deliveries.get(`${eventId}.${subscriptionId}`);
const step = async (id: string, act: LifeAct): Promise<void> => {
  await worker.store.subscriptions.update(id, (current) => {
    const taken = takeStep(current, act, { by: "test", at: new Date() });
    if (!taken.ok) throw new Error(`${current.status} does not allow ${act}`);
    return taken.subscription;
  });
  await worker.catalogue.refresh();
};

describe("a subscription with a filter", () => {
  it(
    "gets what matches, no delivery of what does not, and what cannot be told is parked until " + "somebody decides",
    async () => {
      const receiver = await worker.receive();
      const {
        eventType,
        subscriptions: [subscription],
      } = await worker.subscribe([receiver.url], { filter: "data.amount > 100" });
      const [no, odd, yes] = [
        await worker.publish(eventType, { amount: 1 }),
        await worker.publish(eventType, { amount: "x" }),
        await worker.publish(eventType, { amount: 150 }),
      ];
      await expect.poll(async () => (await recordOf(yes, subscription?.id))?.status, until).toBe("delivered");
      await expect
        .poll(async () => recordOf(odd, subscription?.id), until)
        .toMatchObject({
          status: "parked",
          attemptCount: 0,
          reason: expect.stringMatching(/filter_failed: no_such_overload/) as string,
        });
      await worker.ownerEnded(no);
      expect(await recordOf(no, subscription?.id)).toBeUndefined();
      expect(receiver.requests.map(({ headers }) => headers["webhook-id"])).toEqual([yes]);
      expect((await worker.store.routings.of(await worker.ownerOf(no), { id: no, type: eventType }))?.filtered).toEqual(
        new Set([subscription?.id]),
      );
      expect(await worker.store.routings.of(await worker.ownerOf(yes), { id: yes, type: eventType })).toBeUndefined();
    },
  );
  it("may calculate with literals and with the numbers of JSON", async () => {
    const receiver = await worker.receive();
    const { eventType } = await worker.subscribe([receiver.url], { filter: "data.qty * 2 > 5" });
    const id = await worker.publish(eventType, { qty: 3 });
    expect((await receiver.waitFor(1))[0]?.headers["webhook-id"]).toBe(id);
  });
  it("gets test events whatever it says", async () => {
    const receiver = await worker.receive();
    const {
      subscriptions: [subscription],
    } = await worker.subscribe([receiver.url], { filter: "false" });
    await worker.publisher.publish([
      {
        type: TEST_EVENT_TYPE,
        contentType: "application/json",
        body: Buffer.from("{}"),
        groups: [worker.groupId],
        subscriptionIds: [subscription?.id ?? ""],
      },
    ]);
    expect((await receiver.waitFor(1))[0]?.headers["webhook-event-type"]).toBe(TEST_EVENT_TYPE);
  });
});

describe("what a status means for an event", () => {
  it.each(["draft", "verified", "submitted", "approved", "rejected"] as const)("%s: no delivery", async (status) => {
    const receiver = await worker.receive();
    const {
      eventType,
      subscriptions: [subscription],
    } = await worker.subscribe([receiver.url], { status });
    const id = await worker.publish(eventType, {});
    const owner = await worker.ownerEnded(id);
    expect(await recordOf(id, subscription?.id)).toBeUndefined();
    expect((await worker.store.routings.of(owner, { id, type: eventType }))?.notInService).toEqual(
      new Set([subscription?.id]),
    );
    expect(receiver.requests).toHaveLength(0);
  });
  it("suspended: held, and sent once it is reinstated", async () => {
    const receiver = await worker.receive();
    const {
      eventType,
      subscriptions: [subscription],
    } = await worker.subscribe([receiver.url]);
    await step(subscription?.id ?? "", "suspend");
    const id = await worker.publish(eventType, {});
    await expect.poll(async () => (await recordOf(id, subscription?.id))?.status, until).toBe("held");
    expect(receiver.requests).toHaveLength(0);
    await step(subscription?.id ?? "", "reinstate");
    await worker.wake(id);
    expect((await receiver.waitFor(1))[0]?.headers["webhook-id"]).toBe(id);
  });
});

describe("the filters of a dispatch", () => {
  const routeOf = (id: string, amount: unknown, filter?: string): Route => ({
    deliveryId: `${id}.sub`,
    event: {
      id,
      type: "a.b",
      contentType: "application/json",
      bytes: Buffer.from(JSON.stringify({ amount })),
      acceptedAt: 0,
    },
    subscription: subscription("sub", filter === undefined ? {} : { filter }),
  });
  const verdicts = (routes: Route[]) => filterRoutes(routes).map(({ filtered }) => filtered ?? "sent");

  it("look at the payload of their own event, each subscription by its own", () => {
    const [small, large] = [routeOf("evt_1", 1), routeOf("evt_2", 500)];
    const filtered = (route: Route, filter: string): Route => ({
      ...route,
      subscription: { ...route.subscription, filter },
    });
    const [over, under] = ["data.amount > 100", "data.amount < 100"];
    expect(
      verdicts([
        filtered(small, over),
        filtered(small, under),
        small,
        filtered(large, over),
        filtered(large, under),
        large,
      ]),
    ).toEqual(["excluded", "sent", "sent", "sent", "excluded", "sent"]);
  });

  it("see the type, the id and the headers of the delivery", () => {
    const filter =
      "event.type == 'a.b' && event.id == 'evt_1' && headers['content-type'] == 'application/json' " +
      "&& headers['webhook-id'] == 'evt_1' && headers['webhook-event-type'] == 'a.b'";
    expect(verdicts([routeOf("evt_1", 1, filter), routeOf("evt_2", 1, filter)])).toEqual(["sent", "excluded"]);
  });

  it("that do not compile any more fail, and keep nobody else's from being asked", () => {
    expect(verdicts([routeOf("evt_1", 1, "data.amount >"), routeOf("evt_1", 1, "data.amount == 1")])).toEqual([
      { failed: expect.stringMatching(/filter_failed: filter_invalid/) as string },
      "sent",
    ]);
  });
});

it("counts events whose dispatch has ended, each once, also those that nobody has subscribed to", async () => {
  const dispatched = async () => (await worker.metrics.dispatched.get()).values[0]?.value ?? Number.NaN;
  const receiver = await worker.receive();
  const wanted = await worker.subscribe([receiver.url, receiver.url.replace("/hook", "/other")]);
  const unwanted = await worker.subscribe([]);
  const before = await dispatched();
  const ids = [
    await worker.publish(wanted.eventType, { n: 1 }),
    await worker.publish(unwanted.eventType, { n: 2 }),
    await worker.publish(unwanted.eventType, { n: 3 }),
  ];
  for (const id of ids) await worker.ownerEnded(id);
  expect((await dispatched()) - before).toBe(3);
});
