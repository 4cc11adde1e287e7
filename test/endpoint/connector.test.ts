/** What a connection is made to: addresses that the guard checked, and nothing else. */
import { afterEach, expect, test } from "vitest";
import { classify } from "../../src/endpoint/classify.js";
import { type Guard, createGuard } from "../../src/endpoint/target/guard.js";
import { type Exchange, type Sender, type SendRequest, createSender } from "../../src/endpoint/send.js";
import { startReceiver } from "../support/receiver.js";
import { stubResolver } from "../support/resolver.js";

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});
const kept = <T extends { close(): Promise<void> }>(thing: T): T => {
  closers.push(() => thing.close());
  return thing;
};
const newSender = (options: { guard?: Guard } = {}): Sender =>
  kept(createSender({ guard: createGuard({ allowLocal: true }), ...options }));
const request = (url: string, over: Partial<SendRequest> = {}): SendRequest => ({
  identity: { subscriptionId: "sub_1", url, version: 1 },
  headers: {},
  body: Buffer.from("{}"),
  timeoutMs: 20_000,
  ...over,
});

const host = "hooks.example.com";
const outcome = (exchange: Exchange) => classify(exchange, Date.now()).code;

test("D1, D5: the connection goes to the address of one lookup; a later one does its own and is blocked", async () => {
  const receiver = kept(await startReceiver());
  const resolver = stubResolver({ [host]: [["127.0.0.1"], ["169.254.169.254"]] });
  const sender = newSender({ guard: createGuard({ allowLocal: true, resolve: resolver.resolve }) });
  const url = `http://${host}:${receiver.port}/hook`;
  expect((await sender.send(request(url))).kind).toBe("response");
  expect(resolver.asked).toEqual([host]);
  // Another identity, so another connection.
  expect(outcome(await sender.send(request(url, { identity: { subscriptionId: "sub_2", url, version: 1 } })))).toBe(
    "destination_blocked",
  );
  expect([receiver.connections, resolver.asked.length]).toEqual([1, 2]);
});

test("D2, D3: a private answer means no connection at all", async () => {
  const receiver = kept(await startReceiver());
  const guard = createGuard({
    ports: [receiver.port],
    resolve: stubResolver({ "a.example.com": [["127.0.0.1"]], "b.example.com": [["93.184.215.14", "127.0.0.1"]] })
      .resolve,
  });
  const sender = newSender({ guard });
  expect(outcome(await sender.send(request(`https://a.example.com:${receiver.port}/`)))).toBe("destination_blocked");
  expect(outcome(await sender.send(request(`https://b.example.com:${receiver.port}/`)))).toBe("destination_blocked");
  expect(outcome(await sender.send(request(receiver.url)))).toBe("target_refused");
  expect(receiver.connections).toBe(0);
});

test.each([
  ["D7", { code: "ENOTFOUND" }, "dns_not_found"],
  ["D8", { code: "EAI_AGAIN" }, "dns_temporary"],
  ["D9", "never" as const, "dns_timeout"],
])("%s", async (_name, answer, code) => {
  const sender = newSender({
    guard: createGuard({ allowLocal: true, resolveTimeoutMs: 50, resolve: stubResolver({ [host]: [answer] }).resolve }),
  });
  expect(outcome(await sender.send(request(`http://${host}/`)))).toBe(code);
  expect(sender.sockets()).toBe(0);
});

test("D9: a deadline before the resolver's time is up", async () => {
  const sender = newSender({
    guard: createGuard({
      allowLocal: true,
      resolveTimeoutMs: 500,
      resolve: stubResolver({ [host]: ["never"] }).resolve,
    }),
  });
  expect(outcome(await sender.send(request(`http://${host}/`, { timeoutMs: 50 })))).toBe("dns_timeout");
});

test("D12: our own address is blocked", async () => {
  const receiver = kept(await startReceiver());
  const sender = newSender({
    guard: createGuard({
      allowLocal: true,
      ownAddresses: ["127.0.0.1"],
      resolve: stubResolver({ [host]: [["127.0.0.1"]] }).resolve,
    }),
  });
  expect(outcome(await sender.send(request(`http://${host}:${receiver.port}/`)))).toBe("destination_blocked");
  expect(receiver.connections).toBe(0);
});

test("a connection that ended elsewhere than was checked carries no request", async () => {
  const receiver = kept(await startReceiver());
  // The check before and the check after can only differ if something between them lies, so the second one is turned
  // round here.
  const sender = newSender({
    guard: { ...createGuard({ allowLocal: true }), allowsPeer: (_url, address) => address !== "127.0.0.1" },
  });
  expect(outcome(await sender.send(request(receiver.url)))).toBe("destination_blocked");
  expect([receiver.connections, receiver.requests.length]).toEqual([1, 0]);
  await expect.poll(() => sender.sockets()).toBe(0);
});

test("an origin that is always allowed needs no switch", async () => {
  const receiver = kept(await startReceiver());
  const sender = newSender({ guard: createGuard({ alwaysAllowedOrigins: [new URL(receiver.url).origin] }) });
  expect((await sender.send(request(receiver.url))).kind).toBe("response");
});

test("nobody listens", async () => {
  const receiver = await startReceiver();
  await receiver.close();
  expect(outcome(await newSender().send(request(receiver.url)))).toBe("connection_refused");
});

test("P1: a proxy in the environment is not used", async () => {
  const proxy = kept(await startReceiver());
  const receiver = kept(await startReceiver());
  const names = ["HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY"];
  const before = names.map((name) => process.env[name]);
  for (const name of names) process.env[name] = new URL(proxy.url).origin;
  try {
    expect((await newSender().send(request(receiver.url))).kind).toBe("response");
  } finally {
    names.forEach((name, i) => (before[i] === undefined ? delete process.env[name] : (process.env[name] = before[i])));
  }
  expect([receiver.connections, proxy.connections]).toEqual([1, 0]);
});
