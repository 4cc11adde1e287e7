import { once } from "node:events";
import { createConnection, createServer, type AddressInfo } from "node:net";
import { setImmediate as nextTurn } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { createLoopWatch } from "../../src/endpoint/loop-watch.js";

/** Holds the event loop: nothing is read and no timer runs meanwhile. */
const block = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

describe("a loop watch", () => {
  it("leaves out a stall, while it lasts and afterwards", async () => {
    const watch = createLoopWatch();
    const [attended, plain] = [watch.attended(), watch.now()];
    block(3_000);
    expect(watch.now() - plain).toBeGreaterThanOrEqual(2_990);
    expect(watch.attended() - attended).toBeLessThan(1_000);
    const seen = watch.readUntil();
    // Two turns: a tick, and the reading behind it.
    await expect.poll(() => watch.readUntil()).toBeGreaterThan(seen);
    expect(watch.now() - plain - (watch.attended() - attended)).toBeGreaterThanOrEqual(2_000);
  });

  it("goes on while the loop is well, and has then read nearly all", async () => {
    const watch = createLoopWatch();
    const from = watch.attended();
    await expect.poll(() => watch.readUntil() - from, { timeout: 60_000 }).toBeGreaterThan(200);
    expect(watch.readUntil()).toBeLessThanOrEqual(watch.attended());
  });

  it("does not say that bytes were read which lay there during a stall", async () => {
    const server = createServer((socket) => socket.end("answer")).listen(0, "127.0.0.1");
    await once(server, "listening");
    const watch = createLoopWatch();
    const socket = createConnection((server.address() as AddressInfo).port, "127.0.0.1");
    let readAt: number | undefined;
    socket.on("data", () => (readAt ??= watch.readUntil()));
    await once(socket, "connect");
    const from = watch.now();
    block(1_000);
    while (readAt === undefined) await nextTurn();
    expect(readAt - from).toBeLessThan(500);
    server.close();
  });
});
