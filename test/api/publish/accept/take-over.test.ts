/** What a process accepted and did not start is started by another one, once. */
import { pino } from "pino";
import { describe, expect, inject, it } from "vitest";
import { publishedEvent } from "../../../../src/client/index.js";
import { WORKFLOW } from "../../../../src/workflows/contract.js";
import { event as stored } from "../../../store/fixtures.js";
import { startProxy } from "../../../../bench/chaos/proxy.js";
import { createTakeOver } from "../../../../src/api/publish/accept/take-over.js";
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
  TYPE,
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
  const takingOver = (isGone: (process: string) => boolean, stopping?: AbortSignal) =>
    createTakeOver({
      store: two.store,
      catalogue: two.catalogue,
      starting: { client: two.client, log: pino({ level: "silent" }), eager: false, taskQueue },
      owners: two.publisher.owners,
      log: pino({ level: "silent" }),
      process: "two",
      isGone,
      ...(stopping && { stopping }),
    });
  const announcing = async () => (await two.store.owners.all()).map(({ process }) => process);
  /** Looks until the announcement is gone, which takes as long as a write of the lost process may land. */
  const untilFinished = (looking: ReturnType<typeof takingOver>, process: string) =>
    expect
      .poll(
        async () => {
          await looking.look();
          return announcing();
        },
        { interval: 1_000 },
      )
      .not.toContain(process);

  it("leaves its accepted events to another one, which starts each of them once", async () => {
    const { cut, ids } = await lost();
    // As long as it may live nothing of it is touched.
    expect(await takingOver(() => false).look()).toBe(0);
    const lookers = [1, 2].map(() => takingOver((process) => process === cut.name));
    const counts = await Promise.all(lookers.map(({ look }) => look()));
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(7);
    const input = await startedInputOf(ids[0] ?? "");
    expect(input).toMatchObject({ rerun: true });
    expect(input.events.map(({ id }) => id).sort()).toEqual([...ids].sort());
    // A write of it may still land.
    expect(await announcing()).toContain(cut.name);
    await Promise.all(lookers.map((looking) => untilFinished(looking, cut.name)));
  });

  it("whose write lands after the look has that event started under another owner, and once", async () => {
    const { cut, ids } = await lost();
    const looking = takingOver((process) => process === cut.name);
    expect(await looking.look()).toBe(7);
    const owner = (await ownerOf(ids[0] ?? "")) ?? "";
    const late = newEventId();
    await two.store.events.insertMany([stored(late, "x", { owner, type: TYPE, apiId: "api_shop" })]);
    await untilFinished(looking, cut.name);
    expect(await ownerOf(ids[0] ?? "")).toBe(owner);
    expect(await ownerOf(late)).not.toBe(owner);
    const input = await startedInputOf(late);
    expect(input).toMatchObject({ rerun: true, former: [owner] });
    expect(input.events.map(({ id }) => id)).toEqual([late]);
  });

  it("is left to a later look by one that is being stopped", async () => {
    const { cut, ids } = await lost();
    const stopping = new AbortController();
    stopping.abort(new Error("stopping"));
    const isGone = (process: string) => process === cut.name;
    await expect(takingOver(isGone, stopping.signal).look()).rejects.toThrow("stopping");
    expect(await announcing()).toContain(cut.name);
    expect(await takingOver(isGone).look()).toBe(ids.length);
  });

  it("does not have what was erased meanwhile started", async () => {
    const { cut, ids } = await lost();
    const [erased = "", ...others] = ids;
    await two.store.erasures.erase(`event/${erased}`, "test");
    expect(await takingOver((process) => process === cut.name).look()).toBe(6);
    expect((await startedInputOf(others[0] ?? "")).events.map(({ id }) => id)).not.toContain(erased);
  });

  /** A process that is cut off from the engine, with an event that it accepted, and the owner of that. */
  const cutOff = async () => {
    const proxy = await startProxy(() => inject("temporalAddress"));
    closing.push(() => proxy.close());
    const cut = await startProcess({}, proxy.address);
    proxy.set("refuse");
    const id = newEventId();
    await publish(cut.publisher, event({}, id));
    return { cut, proxy, id, owner: (await ownerOf(id)) ?? "" };
  };
  const openOwners = async () => (await two.store.owners.all()).flatMap(({ open }) => open);

  it("that lives all the same leaves to the other one what that one has started", async () => {
    const { cut, proxy, id, owner } = await cutOff();
    expect(await takingOver((process) => process === cut.name).look()).toBe(1);
    proxy.set("pass");
    // Its own start finds the workflow there, with all of its events.
    await expect.poll(openOwners, { timeout: 60_000 }).not.toContain(owner);
    expect(await ownerOf(id)).toBe(owner);
    expect(await startedInputOf(id)).toMatchObject({ rerun: true, events: [{ id }] });
  });

  it("that lives all the same gives another owner to what the other one did not start", async () => {
    const { proxy, id, owner } = await cutOff();
    const other = publishedEvent({ id: newEventId(), type: TYPE, data: {} });
    await two.client.workflow.start(WORKFLOW.deliverEvent, {
      workflowId: owner,
      taskQueue,
      args: [{ events: [other] }],
    });
    proxy.set("pass");
    await expect.poll(() => ownerOf(id), { timeout: 60_000 }).not.toBe(owner);
    expect(await startedInputOf(id)).toMatchObject({ rerun: true, former: [owner], events: [{ id }] });
    await expect.poll(openOwners, { timeout: 60_000 }).not.toContain(owner);
  });
});
