/**
 * Runs the receivers of docs/how-to/verify-with-public-keys.md by the page's own commands. They verify with the
 * cryptography and the libraries of other people, and with the public keys alone.
 */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { createEndpointRequest } from "../../src/endpoint/request.js";
import { createSender } from "../../src/endpoint/send.js";
import { jwksOf, newSigningKey } from "../../src/endpoint/signing/signing-keys.js";
import { createGuard } from "../../src/endpoint/target/guard.js";
import { verifyByChallenge } from "../../src/endpoint/verify.js";
import type { SigningKey, SigningScheme } from "../../src/store/techniques.js";
import type { Subscription } from "../../src/store/model.js";
import { type PageProgram, receiversOfPage, WITHIN_MS } from "../support/page-receivers.js";

/** Commands on the page → what they need. The scheme stands first in the name. */
const PROGRAMS: Readonly<Record<string, PageProgram>> = {
  "v1a-javascript": { programs: ["node"], files: ["receiver-v1a.mjs"] },
  "v1a-python": { programs: ["python3"], files: ["receiver_v1a.py"] },
  "rfc9421-python": { programs: ["python3"], files: ["receiver_rfc9421.py"] },
};
/** The receivers read the keys at most every 10 seconds. */
const NEXT_READ = { timeout: 60_000, interval: 500 };

const receivers = receiversOfPage("verify-with-public-keys.md", PROGRAMS);
const sender = createSender({ guard: createGuard({ allowLocal: true }) });
const request = createEndpointRequest({ sender, version: "0" });
/** What the service would publish of each subscription, and how it answers. */
const published = new Map<string, { status: number; keys: SigningKey[] }>();
const service = createServer(({ url }, response) => {
  const { status, keys } = published.get(url ?? "") ?? { status: 404, keys: [] };
  response.writeHead(status).end(JSON.stringify(jwksOf(keys)));
});

beforeAll(async () => {
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  receivers.close();
  await sender.close();
  await new Promise((resolve) => service.close(resolve));
});

const newKey = (): SigningKey => newSigningKey(new Date());
const subscriptionTo = (url: string, scheme: SigningScheme, keys: SigningKey[]): Subscription => ({
  id: "sub_1",
  groupId: "grp_1",
  url,
  eventTypes: ["payments.invoice.paid"],
  signing: { schemes: [scheme] },
  keys,
  secrets: [],
  status: "active",
  createdAt: new Date(),
  updatedAt: new Date(),
  retry: { timeoutMs: 60_000 },
});

/** A delivery that was signed at this instant: status of the answer, and the headers that went with it. */
async function send(subscription: Subscription, { at = new Date(), body = '{"total":"12.50"}' } = {}) {
  const event = {
    id: "order:4711",
    type: "payments.invoice.paid",
    contentType: "application/json",
    bytes: Buffer.from(body),
  };
  const { exchange, requestHeaders } = await request({ event, subscription, number: 1 }, at);
  if (exchange.kind === "failure") throw new Error(`No answer: ${exchange.error}`);
  return { status: exchange.status, headers: requestHeaders };
}
const deliver = async (...of: Parameters<typeof send>): Promise<number> => (await send(...of)).status;

/** The signature of another body. */
async function forged(subscription: Subscription): Promise<number> {
  const { headers } = await send(subscription);
  const kept = Object.entries(headers).filter(([name]) => !/^(host|content-length|accept-encoding)$/.test(name));
  const to = { method: "POST", headers: Object.fromEntries(kept), body: '{"total":"99.50"}' };
  return (await fetch(subscription.url, to)).status;
}

describe("the page", () => {
  it("has commands for each program", () => {
    expect(receivers.names).toEqual(
      Object.entries(PROGRAMS)
        .flatMap(([name, { files }]) => [name, ...files])
        .sort(),
    );
  });
});

// They wait for package managers, and for the next reading of keys.
describe.concurrent.each(Object.keys(PROGRAMS))("the receiver for %s", (name) => {
  it("takes what is genuine and refuses what is forged or old", { timeout: 2 * WITHIN_MS }, async (context) => {
    const scheme = name.split("-")[0] as SigningScheme;
    const path = `/jwks/${name}`;
    const [first, second, stranger] = [newKey(), newKey(), newKey()];
    published.set(path, { status: 200, keys: [first] });
    const url = await receivers.start(context, name, (port) => ({
      JWKS_URL: `http://127.0.0.1:${(service.address() as AddressInfo).port}${path}`,
      WEBHOOK_URL: `http://127.0.0.1:${port}/in`,
    }));
    if (url === undefined) return;
    const to = (...keys: SigningKey[]): Subscription => subscriptionTo(url, scheme, keys);
    const minutesAgo = (minutes: number) => ({ at: new Date(Date.now() - minutes * 60_000) });
    expect(await deliver(to(first)), "genuine").toBe(204);
    expect(await deliver(to(first), { body: '{"payee":"Café Ελλάς \u2028"}' }), "other letters").toBe(204);
    expect(await deliver(to(stranger)), "of another key").toBe(400);
    expect(await deliver(to(first), minutesAgo(10)), "ten minutes old").toBe(400);
    expect(await deliver(to(first), minutesAgo(-10)), "ten minutes ahead").toBe(400);
    expect((await fetch(url, { method: "POST", body: "{}" })).status, "without a signature").toBe(400);
    expect(await forged(to(first)), "with another body").toBe(400);
    expect(await verifyByChallenge(request, to(first)), "verification").toEqual({ ok: true });
    published.set(path, { status: 200, keys: [first, second] });
    await vi.waitUntil(async () => (await deliver(to(second, first))) === 204, NEXT_READ);
    await vi.waitUntil(async () => (await deliver(to(second))) === 204, NEXT_READ);
    published.set(path, { status: 500, keys: [] });
    await vi.waitUntil(async () => (await deliver(to(stranger))) === 503, NEXT_READ);
    expect(await deliver(to(first)), "and goes on").toBe(204);
  });
});
