/** What a process accepted and did not start is started by another one, once. */
import { pino } from "pino";
import { describe, expect, inject, it } from "vitest";
import { startProxy } from "../../../../bench/chaos/proxy.js";
import { takeOver } from "../../../../src/api/publish/accept/take-over.js";
import {
  closing,
  event,
  newEventId,
  ownerOf,
  publish,
  startedInputOf,
  startProcess,
  taskQueue,
  two,
  usePublishers,
} from "./publishing.js";

usePublishers();

describe("a process that is gone", () => {
  const lost = async () => {
    const proxy = await startProxy(() => inject("temporalAddress"));
    closing.push(() => proxy.close());
    const cut = await startProcess({}, proxy.address);
    proxy.set("refuse");
    const ids = Array.from({ length: 7 }, newEventId);
    await cut.publisher.publish(ids.map((id) => event({}, id)));
    await cut.publisher.close(1);
    return { cut, ids };
  };
  const takingOver = (isGone: (process: string) => boolean) =>
    takeOver({
      store: two.store,
      catalogue: two.catalogue,
      starting: { client: two.client, log: pino({ level: "silent" }), eager: false, taskQueue },
      log: pino({ level: "silent" }),
      process: "two",
      isGone,
    });

  it("leaves its accepted events to another one, which starts each of them once", async () => {
    const { cut, ids } = await lost();
    // As long as it may live nothing of it is touched.
    expect(await takingOver(() => false)).toBe(0);
    const counts = await Promise.all([
      takingOver((process) => process === cut.name),
      takingOver((process) => process === cut.name),
    ]);
    expect(counts[0] + counts[1]).toBe(7);
    const input = await startedInputOf(ids[0] ?? "");
    expect(input).toMatchObject({ rerun: true });
    expect(input.events.map(({ id }) => id).sort()).toEqual([...ids].sort());
    expect((await two.store.owners.all()).map(({ process }) => process)).not.toContain(cut.name);
  });

  it("does not have what was erased meanwhile started", async () => {
    const { cut, ids } = await lost();
    const [erased = "", ...others] = ids;
    await two.store.erasures.erase(`event/${erased}`, "test");
    expect(await takingOver((process) => process === cut.name)).toBe(6);
    expect((await startedInputOf(others[0] ?? "")).events.map(({ id }) => id)).not.toContain(erased);
  });

  it("that lives all the same finds its announcement gone, and gives its events a new owner", async () => {
    const proxy = await startProxy(() => inject("temporalAddress"));
    closing.push(() => proxy.close());
    const cut = await startProcess({}, proxy.address);
    proxy.set("refuse");
    const id = newEventId();
    await publish(cut.publisher, event({}, id));
    const before = await ownerOf(id);
    expect(await takingOver((process) => process === cut.name)).toBe(1);
    // Renewed every three seconds: then it knows.
    await expect.poll(async () => (await two.store.owners.all()).map(({ process }) => process)).toContain(cut.name);
    proxy.set("pass");
    await expect.poll(() => ownerOf(id)).not.toBe(before);
    expect(await startedInputOf(id)).toMatchObject({ rerun: true, events: [{ id }] });
  });
});
