/** A write that was given up may land later. Nothing is decided about it before. */
import { expect, inject, it } from "vitest";
import { startProxy } from "../../../../bench/chaos/proxy.js";
import { untilLanded } from "../../../../src/api/publish/accept/landed.js";
import { LANDED_MS } from "../../../../src/api/publish/accept/ownership.js";
import { connectStore } from "../../../../src/store/index.js";
import {
  closing,
  database,
  event,
  newEventId,
  publish,
  startedInputOf,
  startProcess,
  two,
  usePublishers,
} from "./publishing.js";

usePublishers();

it("starts an event whose write lands after the database stood still", async () => {
  let isFrozen = false;
  let reads = 0;
  const proxy = await startProxy(() => new URL(inject("mongodbUrl")).host, {
    holds: (bytes) => {
      if (!isFrozen && bytes.includes("find") && bytes.includes("events")) reads++;
      return isFrozen;
    },
    delivers: true,
  });
  const { name, masterKeys } = database;
  const mongodbUrl = `mongodb://${proxy.address}/?directConnection=true`;
  const store = await connectStore({ mongodbUrl, database: name, masterKeys });
  const { publisher } = await startProcess({}, inject("temporalAddress"), store);
  closing.push(
    () => store.close(),
    () => proxy.close(),
  );
  // Its keys are in memory, so that the next publish begins with the write.
  expect(await publish(publisher, event({}))).toMatchObject({ ok: true });
  isFrozen = true;
  proxy.set("holdRequests");
  const [id, since] = [newEventId(), performance.now()];
  expect(await publish(publisher, event({}, id))).toMatchObject({ ok: false, code: "unavailable" });
  await expect.poll(() => performance.now() - since, { timeout: 60_000 }).toBeGreaterThan(2 * LANDED_MS);
  // The database goes on. It answers what it is asked now, and still has the write before it.
  isFrozen = false;
  await expect.poll(() => reads, { timeout: 60_000 }).toBeGreaterThan(0);
  expect(await two.store.events.get(id)).toBeUndefined();
  proxy.set("pass");
  await expect.poll(() => two.store.events.get(id), { timeout: 60_000 }).toBeDefined();
  // Its publisher repeats it somewhere else, and hears that it is accepted.
  expect(await publish(two.publisher, event({}, id))).toEqual({ ok: true, id, duplicate: true });
  await expect
    .poll(() => startedInputOf(id).catch(() => undefined), { timeout: 60_000 })
    .toMatchObject({ events: [{ id }] });
}, 240_000);

it("counts from the first answer after a silence", async () => {
  const asked: number[] = [];
  const landed = await untilLanded(() => {
    asked.push(performance.now());
    return asked.length === 3 ? Promise.reject(new Error("silent")) : Promise.resolve();
  });
  expect(landed).toBe(true);
  // The fourth question is the first of those that were answered in a row.
  expect((asked.at(-1) ?? 0) - (asked[3] ?? 0)).toBeGreaterThanOrEqual(LANDED_MS - 100);
}, 60_000);

it("ends when it is told to", async () => {
  const stopping = new AbortController();
  const landing = untilLanded(() => Promise.resolve(), stopping.signal);
  stopping.abort();
  expect(await landing).toBe(false);
});
