/** Whose time it is: what a request waits for one of our connections, or for our event loop, is not the endpoint's. */
import type { Socket } from "node:net";
import { describe, expect, it } from "vitest";
import { classify } from "../../src/endpoint/classify.js";
import type { Exchange } from "../../src/endpoint/exchange.js";
import { startReceiver } from "../support/receiver.js";
import { hostile, kept, newSender, ok, request, setUpSend } from "./send-setup.js";

setUpSend();

/** An endpoint that answers when told to. */
async function holding() {
  const asked: Socket[] = [];
  const receiver = await hostile({ onRequest: (socket) => void asked.push(socket) });
  return { url: receiver.url, asked, answer: (index: number) => asked[index]?.write(ok()) };
}
const outcome = (exchange: Exchange) => classify(exchange, Date.now());
const passed = async (ms: number): Promise<void> => {
  const from = performance.now();
  await expect.poll(() => performance.now() - from, { timeout: 60_000 }).toBeGreaterThan(ms);
};

describe("waiting for one of our connections", () => {
  it("spends nothing of the endpoint's time, and is told apart from the duration", async () => {
    const endpoint = await holding();
    const sender = newSender({ connections: 1 });
    const first = sender.send(request(endpoint.url));
    // Its whole time-out is shorter than its wait.
    const second = sender.send(request(endpoint.url, { timeoutMs: 1_000 }));
    await expect.poll(() => endpoint.asked.length).toBe(1);
    await passed(2_500);
    endpoint.answer(0);
    await expect.poll(() => endpoint.asked.length).toBe(2);
    endpoint.answer(1);
    const exchange = await second;
    expect([outcome(await first).class, outcome(exchange).class]).toEqual(["delivered", "delivered"]);
    expect(exchange.timings["waited"]).toBeGreaterThan(2_400);
    expect(exchange.durationMs).toBeLessThan(exchange.timings["waited"] ?? 0);
    expect(exchange.timings["total"]).toBeCloseTo(exchange.durationMs, 0);
  });

  it("ends on our own account after its own time, and what waited is never sent", async () => {
    const endpoint = await holding();
    const sender = newSender({ connections: 1, connectionWaitMs: 50 });
    const first = sender.send(request(endpoint.url));
    const second = await sender.send(request(endpoint.url));
    expect(outcome(second)).toEqual({ class: "ours", code: "timeout_total" });
    expect(second).toMatchObject({ kind: "failure", phase: "configure", durationMs: 0 });
    await expect.poll(() => endpoint.asked.length).toBe(1);
    endpoint.answer(0);
    expect(outcome(await first).class).toBe("delivered");
    expect(endpoint.asked).toHaveLength(1);
  });

  it("does not end when the subscription changes meanwhile", async () => {
    const endpoint = await holding();
    const sender = newSender({ connections: 1 });
    const sent = [0, 1, 2].map(() => sender.send(request(endpoint.url)));
    await expect.poll(() => endpoint.asked.length).toBe(1);
    const other = kept(await startReceiver());
    const moved = await sender.send(
      request(other.url, { identity: { subscriptionId: "sub_1", url: other.url, version: 2 } }),
    );
    expect(outcome(moved).class).toBe("delivered");
    for (const index of [0, 1, 2]) {
      await expect.poll(() => endpoint.asked.length).toBe(index + 1);
      endpoint.answer(index);
    }
    expect((await Promise.all(sent)).map((exchange) => outcome(exchange).class)).toEqual(Array(3).fill("delivered"));
    await sender.close();
    expect(sender.sockets()).toBe(0);
  });
});

describe("a process that is about to end", () => {
  it("sends nothing more, and lets what has left go on", async () => {
    const endpoint = await holding();
    const sender = newSender({ connections: 1 });
    const first = sender.send(request(endpoint.url));
    const waiting = Array.from({ length: 300 }, () => sender.send(request(endpoint.url)));
    await expect.poll(() => endpoint.asked.length).toBe(1);
    sender.stopSending();
    const given = [...(await Promise.all(waiting)), await sender.send(request(endpoint.url))];
    expect(new Set(given.map((exchange) => JSON.stringify(outcome(exchange))))).toEqual(
      new Set([JSON.stringify({ class: "ours", code: "interrupted" })]),
    );
    endpoint.answer(0);
    expect(outcome(await first).class).toBe("delivered");
    expect(endpoint.asked).toHaveLength(1);
    await sender.close();
  });

  it("ends at last also what has left", async () => {
    const endpoint = await holding();
    const sender = newSender({ connections: 1 });
    const sent = [sender.send(request(endpoint.url)), sender.send(request(endpoint.url))];
    await expect.poll(() => endpoint.asked.length).toBe(1);
    sender.stopSending();
    sender.interrupt();
    expect((await Promise.all(sent)).map(outcome)).toEqual(Array(2).fill({ class: "ours", code: "interrupted" }));
    await sender.close();
    await expect.poll(() => sender.sockets()).toBe(0);
  });
});

describe("an event loop that is held longer than the time-out", () => {
  const hold = (ms: number): void => void Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

  it("does not end a request whose answer has come", async () => {
    const endpoint = await holding();
    const sender = newSender();
    const sent = sender.send(request(endpoint.url, { timeoutMs: 1_000 }));
    await expect.poll(() => endpoint.asked.length, { interval: 5 }).toBe(1);
    endpoint.answer(0);
    hold(2_500);
    expect(outcome(await sent).class).toBe("delivered");
  });

  it("gives an endpoint as much time again as it took, and no more", async () => {
    const endpoint = await holding();
    const sender = newSender();
    const sent = sender.send(request(endpoint.url, { timeoutMs: 1_000 }));
    await expect.poll(() => endpoint.asked.length, { interval: 5 }).toBe(1);
    hold(1_500);
    expect(outcome(await sent)).toMatchObject({ class: "retry", code: "timeout_headers" });
  });

  it("is our own failure if it goes on for ever", async () => {
    // No tick of the watch is in time: a clock that never goes on, as in a process that gets no CPU.
    const sender = newSender({ loop: { now: () => 0, attended: () => 0, readUntil: () => 0 } });
    const endpoint = await holding();
    const exchange = await sender.send(request(endpoint.url, { timeoutMs: 100 }));
    expect(outcome(exchange)).toEqual({ class: "ours", code: "interrupted" });
  });
});
