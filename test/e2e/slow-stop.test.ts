/** A stop while hundreds of attempts wait behind an endpoint that does not answer. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createClient, createSubscriptionSet } from "../support/client.js";
import { type Receiver, type ReceiverResponse, startReceiver } from "../support/receiver.js";
import { startService } from "../support/service.js";

const EVENTS = 300;
const dataDir = mkdtempSync(join(tmpdir(), "sealpost-stop-"));
let receiver: Receiver;
beforeAll(async () => {
  receiver = await startReceiver();
});
afterAll(async () => {
  await receiver?.close();
  rmSync(dataDir, { recursive: true, force: true, maxRetries: 5 });
});

it("ends in time, spends no attempt, and the next start delivers everything", async () => {
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  receiver.respond = async (): Promise<ReceiverResponse> => {
    await released;
    return { status: 204 };
  };
  const options = { dataDir, env: { SEALPOST_ALLOW_LOCAL_TARGETS: "1", SHUTDOWN_GRACE_SECONDS: "3" } };
  const service = await startService(options);
  const client = createClient(service.url, service.adminKey);
  const { eventType, subscriptions } = await createSubscriptionSet(client, { name: "stop", urls: [receiver.url] });
  const accepted = await Promise.all(
    Array.from({ length: EVENTS }, () => client.post<{ id: string }>("/v1/events", { type: eventType, data: {} })),
  );
  expect(new Set(accepted.map(({ status }) => status))).toEqual(new Set([202]));
  await receiver.waitFor(32, 60_000);
  // The process gives up with 1 where it does not end within 20 s of its grace. An attempt may take 30 s.
  expect(await service.stop()).toBe(0);
  await client.close();

  release();
  const again = await startService({ ...options, adminKey: service.adminKey });
  const second = createClient(again.url, again.adminKey);
  try {
    const deliveryOf = async ({ body: { id } }: { body: { id: string } }) =>
      (
        await second.get<{ status: string; attempts: { outcome: string }[] }>(
          `/v1/deliveries/${id}.${subscriptions[0]?.id}`,
        )
      ).body;
    for (const event of accepted) {
      await expect.poll(async () => (await deliveryOf(event)).status, { timeout: 120_000 }).toBe("delivered");
      expect((await deliveryOf(event)).attempts.map(({ outcome }) => outcome)).toEqual(["delivered"]);
    }
  } finally {
    await second.close();
    await again.remove();
  }
}, 600_000);
