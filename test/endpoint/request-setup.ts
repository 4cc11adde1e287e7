import { pino } from "pino";
import { afterAll, beforeAll, beforeEach } from "vitest";
import { createDeliver } from "../../src/activities/attempt.js";
import { createEndpointHealth } from "../../src/endpoint/health.js";
import { createEndpointRequest } from "../../src/endpoint/request.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { createMetrics } from "../../src/metrics.js";
import { createSender, type Sender } from "../../src/endpoint/send.js";
import { newSigningSecret } from "../../src/endpoint/signing/sign.js";
import { withKeys } from "../../src/endpoint/signing/signing-keys.js";
import type { SigningSecret, Subscription } from "../../src/store/model.js";
import { type Receiver, startReceiver } from "../support/receiver.js";

let sender: Sender;
export let server: Receiver;
export let endpoint: Receiver;
export const lines: string[] = [];
const log = pino({ level: "trace" }, { write: (line: string) => void lines.push(line) });

export const deliverWith = () =>
  createDeliver({
    request: createEndpointRequest({ sender, version: "1" }),
    health: createEndpointHealth(),
    metrics: createMetrics(),
    log,
  });
export const event = {
  id: "evt_1",
  type: "a.b",
  contentType: "application/json",
  bytes: Buffer.from('{"n":-0,"u":"ü"}'),
  acceptedAt: 0,
};
export const secretOf = (createdAt = new Date(), expiresAt?: Date): SigningSecret => ({
  secret: newSigningSecret(),
  createdAt,
  ...(expiresAt && { expiresAt }),
});
export const subscriptionFor = (fields: Partial<Subscription> = {}): Subscription =>
  withKeys(
    {
      id: "sub_1",
      groupId: "grp_1",
      url: endpoint.url,
      eventTypes: ["a.b"],
      secrets: [secretOf()],
      status: "active",
      createdAt: new Date(),
      updatedAt: new Date(),
      ...fields,
    },
    new Date(),
  );
export const deliver = (subscription: Subscription, by = deliverWith()) =>
  by({ event, subscription, number: 1, inSchedule: 0 });

/** What each of the files needs that begin with `request`: call it once at the top. */
export function setUpRequest(): void {
  beforeAll(async () => {
    sender = createSender({ guard: createGuard({ allowLocal: true, ports: [443] }) });
    server = await startReceiver();
    endpoint = await startReceiver();
  });
  afterAll(async () => {
    await sender?.close();
    await server?.close();
    await endpoint?.close();
  });
  beforeEach(() => {
    server.requests.length = 0;
    endpoint.requests.length = 0;
    endpoint.respond = () => ({ status: 204 });
    lines.length = 0;
  });
}
