import { describe, expect, inject, it } from "vitest";
import { startProxy } from "../../../../bench/chaos/proxy.js";
import { connectStore } from "../../../../src/store/index.js";
import {
  closing,
  event,
  inputOf,
  newEventId,
  one,
  ownerOf,
  ownersOf,
  publish,
  startedInputOf,
  startProcess,
  two,
  TYPE,
  database,
  usePublishers,
} from "./publishing.js";

usePublishers();

describe("the commit", () => {
  it("is the record: an accepted event can be read at once, and its workflow follows without its payload", async () => {
    const id = newEventId();
    expect(await publish(one.publisher, event({ total: 1 }, id))).toEqual({ ok: true, id, duplicate: false });
    expect(await one.store.events.get(id)).toMatchObject({ id, type: TYPE, protocol: 2 });
    expect(Buffer.from((await two.store.events.payload(id)) ?? []).toString()).toBe('{"total":1}');
    const input = await startedInputOf(id);
    expect(input.events.find((each) => each.id === id)).toMatchObject({
      type: TYPE,
      body: { stored: true },
      recorded: true,
    });
    expect(JSON.stringify(input)).not.toContain("total");

    const made = await publish(one.publisher, event({ total: 2 }));
    expect(made).toMatchObject({ ok: true, duplicate: false, id: expect.stringMatching(/^evt_/) as string });
    expect(await one.store.events.get(made.id ?? "")).toMatchObject({ protocol: 2 });
  });

  it("announces an owner before a record names it, and withdraws it once its workflow is started", async () => {
    const alone = await startProcess();
    const id = newEventId();
    await publish(alone.publisher, event({}, id));
    const owner = (await ownerOf(id)) ?? "";
    const openNow = async (): Promise<string[]> => (await alone.store.owners.all()).flatMap(({ open }) => open);
    expect(await openNow()).toContain(owner);
    await startedInputOf(id);
    await expect.poll(openNow).not.toContain(owner);
  });

  it("takes what is published in one turn of the event loop together", async () => {
    const ids = Array.from({ length: 150 }, newEventId);
    const results = await Promise.all(ids.map((id, total) => publish(one.publisher, event({ total }, id))));
    expect(results).toEqual(ids.map((id) => ({ ok: true, id, duplicate: false })));
    const owners = new Set(await ownersOf(ids));
    expect(owners.size).toBe(1);
    expect((await startedInputOf(ids[0] ?? "")).events.map((each) => each.id)).toEqual(expect.arrayContaining(ids));
  });

  it("fills a workflow with at most PUBLISH_BATCH_MAX events", async () => {
    const many = Array.from({ length: 201 }, newEventId);
    await two.publisher.publish(many.map((id) => event({}, id)));
    const owners = await ownersOf(many);
    const sizes = new Map<unknown, number>();
    for (const owner of owners) sizes.set(owner, (sizes.get(owner) ?? 0) + 1);
    expect([...sizes.values()].every((size) => size <= 200)).toBe(true);
    expect(sizes.size).toBe(2);
  });

  it("gives each event its own workflow with PUBLISH_BATCH_MAX 1", async () => {
    const single = await startProcess({ batchMax: 1, startsInFlight: 4 });
    const ids = Array.from({ length: 12 }, newEventId);
    await single.publisher.publish(ids.map((id) => event({}, id)));
    expect(new Set(await ownersOf(ids)).size).toBe(12);
    expect((await startedInputOf(ids[5] ?? "")).events).toHaveLength(1);
  });
});

describe("the id of an event", () => {
  it("makes a second publish a duplicate, and with another body or type a conflict", async () => {
    const id = newEventId();
    await publish(one.publisher, event({ total: 1 }, id));
    for (const { publisher } of [one, two]) {
      expect(await publish(publisher, event({ total: 1 }, id))).toEqual({ ok: true, id, duplicate: true });
      expect(await publish(publisher, event({ total: 2 }, id))).toEqual({ ok: false, id, code: "event_id_conflict" });
      expect(await publish(publisher, { ...event({ total: 1 }, id), type: "shop.order.cancelled" })).toMatchObject({
        ok: false,
        code: "event_id_conflict",
      });
    }
  });

  it("is one event within one call, too", async () => {
    const [same, other] = [newEventId(), newEventId()];
    expect(await one.publisher.publish([event(1, same), event(1, same), event(1, other), event(2, other)])).toEqual([
      { ok: true, id: same, duplicate: false },
      { ok: true, id: same, duplicate: true },
      { ok: true, id: other, duplicate: false },
      { ok: false, id: other, code: "event_id_conflict" },
    ]);
  });

  it("is won by exactly one of two processes, a hundred times at once", async () => {
    const ids = Array.from({ length: 100 }, newEventId);
    const pairs = await Promise.all(
      ids.map((id) =>
        Promise.all([publish(one.publisher, event("same", id)), publish(two.publisher, event("same", id))]),
      ),
    );
    expect(pairs.map((pair) => pair.map((result) => result.ok && result.duplicate).sort())).toEqual(
      ids.map(() => [false, true]),
    );
    // One record each, and the workflow that owns it carries it.
    const owners = await ownersOf(ids);
    const carried = await Promise.all(
      [...new Set(owners)].map(async (owner) => {
        await expect.poll(() => inputOf(owner ?? "").catch(() => undefined)).toBeDefined();
        return [owner, new Set((await inputOf(owner ?? "")).events.map(({ id }) => id))] as const;
      }),
    );
    const byOwner = new Map(carried);
    expect(ids.filter((id, index) => byOwner.get(owners[index])?.has(id) !== true)).toEqual([]);
    // Events of earlier tests may share a workflow with them.
    const ours = new Set(ids);
    const times = carried.flatMap(([, events]) => [...events]).filter((id) => ours.has(id));
    expect(times).toHaveLength(100);
  });

  it("is a conflict for exactly one of two processes with different bodies", async () => {
    const ids = Array.from({ length: 100 }, newEventId);
    const pairs = await Promise.all(
      ids.map((id) =>
        Promise.all([publish(one.publisher, event("one", id)), publish(two.publisher, event("two", id))]),
      ),
    );
    for (const [index, pair] of pairs.entries()) {
      const winner = pair.findIndex(({ ok }) => ok);
      expect(pair[winner]).toEqual({ ok: true, id: ids[index], duplicate: false });
      expect(pair[1 - winner]).toEqual({ ok: false, id: ids[index], code: "event_id_conflict" });
      const payload = await one.store.events.payload(ids[index] ?? "");
      expect(Buffer.from(payload ?? []).toString()).toBe(winner === 0 ? '"one"' : '"two"');
    }
  });
});

describe("an engine that does not answer", () => {
  it.each(["holdRequests", "refuse"] as const)(
    "is waited for: events are accepted up to the backlog, then refused, and all accepted ones are started (%s)",
    async (mode) => {
      const proxy = await startProxy(() => inject("temporalAddress"));
      const cut = await startProcess({ backlogMax: 20 }, proxy.address);
      closing.push(() => proxy.close());
      proxy.set(mode);
      const ids = Array.from({ length: 20 }, newEventId);
      const results = await cut.publisher.publish(ids.map((id) => event({}, id)));
      expect(results).toEqual(ids.map((id) => ({ ok: true, id, duplicate: false })));
      // The next one waits for room, and is refused before anything is stored.
      const late = newEventId();
      expect(await publish(cut.publisher, event({}, late))).toMatchObject({
        ok: false,
        code: "unavailable",
        retryAfterSeconds: 5,
      });
      expect(await ownerOf(late)).toBeUndefined();
      proxy.set("pass");
      const started = await Promise.all(
        ids.map(async (id) => (await startedInputOf(id)).events.map((each) => each.id)),
      );
      for (const [place, id] of ids.entries()) expect(started[place]).toContain(id);
      await expect.poll(async () => (await publish(cut.publisher, event({}, late))).ok).toBe(true);
    },
  );
});

describe("a store that does not answer", () => {
  it("is told within 5 s where a record comes first, and does not stop the others", async () => {
    const proxy = await startProxy(() => new URL(inject("mongodbUrl")).host);
    const store = await connectStore({
      mongodbUrl: `mongodb://${proxy.address}/?directConnection=true`,
      database: database.name,
      masterKeys: database.masterKeys,
    });
    closing.push(
      () => store.close(),
      () => proxy.close(),
    );
    const cut = await startProcess({ startsInFlight: 2 }, inject("temporalAddress"), store);
    const before = newEventId();
    await publish(cut.publisher, event("before", before));
    // By now the process has read the key of the day.
    await startedInputOf(before);
    proxy.set("holdRequests");
    const started = performance.now();
    const [recorded, queued] = [
      publish(cut.publisher, event("first", newEventId())),
      new Promise<void>((resolve) => setTimeout(resolve, 100)).then(() =>
        publish(cut.publisher, event("second", newEventId())),
      ),
    ];
    // Without an id of the publisher's nothing need be recorded first.
    expect(await publish(cut.publisher, event("own"))).toMatchObject({ ok: true, duplicate: false });
    expect(await Promise.all([recorded, queued])).toMatchObject([
      { ok: false, code: "unavailable", retryAfterSeconds: 5 },
      { ok: false, code: "unavailable" },
    ]);
    expect(performance.now() - started).toBeLessThan(5_000);
    proxy.set("pass");
  });
});
