import { afterAll, beforeAll, expect } from "vitest";
import { type Client, createClient, createSubscriptionSet } from "../support/client.js";
import { type ReceiverOptions, startReceiver } from "../support/receiver.js";
import { type Service, startService } from "../support/service.js";

interface DeliveryBody {
  id: string;
  eventId: string;
  status: string;
  nextAttemptAt?: string;
  attempts: {
    number: number;
    at: string;
    outcome: string;
    status?: number;
    detail?: { url: string; requestHeaders: Record<string, string> };
  }[];
}

export let service: Service;
export let client: Client;
const closers: { close(): Promise<void> }[] = [];
export const kept = <T extends { close(): Promise<void> }>(thing: T): T => (closers.push(thing), thing);

let names = 0;
export const newName = (): string => `wire${++names}`;
export async function subscribeTo(url: string, subscription: Record<string, unknown> = {}) {
  const set = await createSubscriptionSet(client, { name: newName(), urls: [url], subscription });
  const target = set.subscriptions[0];
  if (!target) throw new Error("no subscription");
  return { ...set, subscription: target };
}
export async function subscribe(options: ReceiverOptions = {}, subscription: Record<string, unknown> = {}) {
  const receiver = kept(await startReceiver(options));
  return { receiver, ...(await subscribeTo(receiver.url, subscription)) };
}
export const publish = async (type: string, data: unknown, more: Record<string, unknown> = {}) => {
  const answer = await client.post<{ id: string }>("/v1/events", { type, data, ...more });
  expect(answer.status, JSON.stringify(answer.body)).toBe(202);
  return answer.body.id;
};
export const delivery = async (eventId: string, subscriptionId: string) =>
  (await client.get<DeliveryBody>(`/v1/deliveries/${encodeURIComponent(`${eventId}.${subscriptionId}`)}`)).body;
export const untilStatus = (eventId: string, subscriptionId: string, status: string) =>
  expect
    .poll(async () => (await delivery(eventId, subscriptionId)).status, { timeout: 60_000, interval: 50 })
    .toBe(status);
export const answering = (...answers: { status: number; headers?: Record<string, string> }[]): ReceiverOptions => ({
  respond: () => answers.shift() ?? { status: 200 },
});

/** What each of the files needs that begin with `wire`: call it once at the top. */
export function setUpWire(): void {
  beforeAll(async () => {
    service = await startService({
      env: { SEALPOST_ALLOW_LOCAL_TARGETS: "1", PUBLIC_URL: "https://events.example.com" },
    });
    client = createClient(service.url, service.adminKey);
  }, 240_000);
  afterAll(async () => {
    await client?.close();
    await Promise.all(closers.map((thing) => thing.close()));
    await service?.remove();
  });
}
