/**
 * Whether an endpoint that attempts were made at counts as slow: real requests, and an event loop that is really held.
 */
import { pino } from "pino";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { createDeliver } from "../../src/activities/attempt.js";
import { createEndpointHealth } from "../../src/endpoint/health.js";
import { createEndpointRequest } from "../../src/endpoint/request.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createMetrics } from "../../src/metrics.js";
import { createSender, type Sender } from "../../src/endpoint/send.js";
import { newSigningSecret } from "../../src/endpoint/signing/sign.js";
import { startHostileReceiver } from "../support/hostile-receiver.js";
import { type Receiver, startReceiver } from "../support/receiver.js";

let sender: Sender;
let receiver: Receiver;
beforeAll(async () => {
  sender = createSender({ guard: createGuard({ allowLocal: true, ports: [443] }) });
  receiver = await startReceiver();
});
afterAll(async () => {
  await sender?.close();
  await receiver?.close();
});
beforeEach(() => {
  receiver.requests.length = 0;
  receiver.respond = () => ({ status: 204 });
});

const event = { id: "evt_1", type: "a.b", contentType: "application/json", bytes: Buffer.from("{}"), acceptedAt: 0 };
function newDeliver() {
  const [health, metrics] = [createEndpointHealth(), createMetrics()];
  const request = createEndpointRequest({ sender, version: "1" });
  const deliver = createDeliver({ request, health, metrics, log: pino({ level: "silent" }) });
  const now = new Date();
  const subscription = {
    id: "sub_1",
    groupId: "grp_1",
    eventTypes: ["a.b"],
    secrets: [{ secret: newSigningSecret(), createdAt: now }],
    status: "active" as const,
    createdAt: now,
    updatedAt: now,
  };
  return {
    health,
    deliver: (url = receiver.url) =>
      deliver({ event, subscription: { ...subscription, url }, number: 1, inSchedule: 0 }),
  };
}

describe("whose slowness it is", () => {
  it("a blocked event loop makes no endpoint slow that answers at once", async () => {
    const { deliver, health } = newDeliver();
    await deliver();
    receiver.requests.length = 0;
    const attempt = deliver();
    await receiver.waitFor(1);
    // Longer than the 2 s that make an endpoint slow: no timer runs meanwhile, and nothing is read.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3_000);
    expect(health.verdict("sub_1")).toBe("prompt");
    expect((await attempt).status).toBe("delivered");
    expect(health.verdict("sub_1")).toBe("prompt");
  });

  it("an endpoint that takes longer than two seconds is slow, while it is asked and afterwards", async () => {
    let answer = (): void => undefined;
    const held = new Promise<void>((resolve) => (answer = resolve));
    receiver.respond = async () => {
      await held;
      return { status: 204 };
    };
    const { deliver, health } = newDeliver();
    const attempt = deliver();
    await receiver.waitFor(1);
    expect(health.verdict("sub_1")).toBe("prompt");
    await expect.poll(() => health.verdict("sub_1"), { timeout: 60_000, interval: 20 }).toBe("slow");
    answer();
    expect((await attempt).status).toBe("delivered");
    expect(health.verdict("sub_1")).toBe("slow");
  });

  it("a body that comes slowly behind a prompt head is not a slow answer", async () => {
    let finish: (() => void) | undefined;
    const target = await startHostileReceiver({
      onRequest: (socket) => {
        socket.write("HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nab");
        finish = () => void socket.write("cd");
      },
    });
    const { deliver, health } = newDeliver();
    const attempt = deliver(target.url);
    await expect.poll(() => finish, { timeout: 60_000 }).toBeDefined();
    const started = performance.now();
    await expect.poll(() => performance.now() - started, { timeout: 60_000 }).toBeGreaterThan(2_500);
    expect(health.verdict("sub_1")).toBe("prompt");
    finish?.();
    expect((await attempt).status).toBe("delivered");
    expect(health.verdict("sub_1")).toBe("prompt");
    await target.close();
  });
});
