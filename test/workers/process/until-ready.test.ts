import { pino } from "pino";
import { afterAll, beforeAll, expect, it } from "vitest";
import { StoreError } from "../../../src/store/store-error.js";
import { connectStore, type MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { insist, untilReady } from "../../../src/workers/process/until-ready.js";
import { masterKey } from "../../store/database.js";
import { type OwnEngine, startOwnEngine } from "../../store/engine.js";
import { freeze, thaw } from "../../support/process.js";

let engine: OwnEngine;
let store: MongoStore;
beforeAll(async () => {
  engine = await startOwnEngine();
  store = await connectStore({ mongodbUrl: engine.url, masterKeys: masterKey("m1") });
});
afterAll(async () => {
  await store?.close();
  await engine?.stop();
});

/** A log that keeps its lines. */
function listening() {
  const lines: string[] = [];
  return { lines, log: pino({ level: "warn" }, { write: (line: string) => void lines.push(line) }) };
}

it("waits for a store that hangs after it has answered, and says so", async () => {
  const { lines, log } = listening();
  freeze(engine.pid);
  try {
    const ready = untilReady({ store, log, signal: new AbortController().signal });
    await expect.poll(() => lines.length).toBeGreaterThan(0);
    thaw(engine.pid);
    await ready;
    expect(lines[0]).toContain("the store does not answer yet");
  } finally {
    thaw(engine.pid);
  }
});

it("ends when the start is given up, also while the store hangs", async () => {
  const { lines, log } = listening();
  const given = new AbortController();
  freeze(engine.pid);
  try {
    const ready = untilReady({ store, log, signal: given.signal });
    const ended = expect(ready).rejects.toThrow();
    await expect.poll(() => lines.length).toBeGreaterThan(0);
    given.abort();
    await ended;
  } finally {
    thaw(engine.pid);
  }
});

it("does a step again while the store is away, and nothing else than that", async () => {
  const { lines, log } = listening();
  const own = await startOwnEngine();
  freeze(own.pid);
  try {
    const opened = insist(log, () => connectStore({ mongodbUrl: own.url, masterKeys: masterKey("m1") }));
    await expect.poll(() => lines.length).toBeGreaterThan(0);
    thaw(own.pid);
    await (await opened).close();
  } finally {
    thaw(own.pid);
    await own.stop();
  }
  let tries = 0;
  const wrong = insist(log, () => Promise.reject(new StoreError("grants_broken", `try ${++tries}`)));
  await expect(wrong).rejects.toThrow("try 1");
});

it("waits until the worker's pollers run", async () => {
  const { log } = listening();
  let state = "INITIALIZED";
  let looks = 0;
  await untilReady({
    store,
    log,
    signal: new AbortController().signal,
    workerState: () => {
      if (++looks === 3) state = "RUNNING";
      return state;
    },
  });
  expect(looks).toBe(3);
});
