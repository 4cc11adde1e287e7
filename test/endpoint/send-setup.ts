import { afterEach } from "vitest";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { type Sender, type SendRequest, createSender } from "../../src/endpoint/send.js";
import { type HostileOptions, startHostileReceiver } from "../support/hostile-receiver.js";

const closers: (() => Promise<void>)[] = [];
export const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
  closers.push(() => thing.close());
  return thing;
};
export const newSender = (options: Partial<Parameters<typeof createSender>[0]> = {}): Sender =>
  kept(createSender({ guard: createGuard({ allowLocal: true }), connectTimeoutMs: 400, ...options }));
export const request = (url: string, over: Partial<SendRequest> = {}): SendRequest => ({
  identity: { subscriptionId: "sub_1", url, version: 1 },
  headers: { "content-type": "application/json" },
  body: Buffer.from('{"a":1}'),
  timeoutMs: 20_000,
  ...over,
});
export const hostile = async (options: HostileOptions) => kept(await startHostileReceiver(options));
export const ok = (headers = "", body = "") =>
  `HTTP/1.1 200 OK\r\n${headers}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

/** What each of the files needs that begin with `send`: call it once at the top. */
export function setUpSend(): void {
  afterEach(async () => {
    for (const close of closers.splice(0).reverse()) await close();
  });
}
