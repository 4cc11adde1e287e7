/** What we could not do ourselves is told to no circuit breaker. */
import { pino } from "pino";
import { afterEach, expect, test } from "vitest";
import { createDeliver } from "../../src/activities/attempt.js";
import { createEndpointHealth } from "../../src/endpoint/health.js";
import { createEndpointRequest } from "../../src/endpoint/request.js";
import { OUTCOMES } from "../../src/endpoint/outcomes.js";
import { createSender } from "../../src/endpoint/send.js";
import { createGuard, type GuardOptions } from "../../src/endpoint/target/guard.js";
import { createMetrics } from "../../src/metrics.js";
import { type Receiver, startReceiver } from "../support/receiver.js";
import { stubResolver } from "../support/resolver.js";
import { subscriptionTo } from "./running-parts.js";

const closing: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** Attempts at this receiver, with little room of our own. What the breaker is told is kept. */
function tight(
  receiver: Pick<Receiver, "url">,
  other: Pick<Receiver, "url">,
  room: { connections?: number; maxSockets?: number; resolver?: Pick<GuardOptions, "resolve" | "resolverWorks"> },
) {
  const sender = createSender({
    guard: createGuard({ allowLocal: true, ports: [443], ...room.resolver }),
    connectionWaitMs: 50,
    ...room,
  });
  closing.push(() => sender.close());
  const told: string[] = [];
  const deliver = createDeliver({
    request: createEndpointRequest({ sender, version: "1" }),
    health: createEndpointHealth(),
    metrics: createMetrics(),
    log: pino({ level: "silent" }),
    breaker: { note: (_subscription, { outcome }) => void told.push(outcome) },
  });
  const bytes = Buffer.from("{}");
  const event = { id: "evt_1", type: "a.b", contentType: "application/json", bytes, acceptedAt: Date.now() };
  const made = (url: string) => subscriptionTo({ url, groupId: "grp_1", eventType: "a.b" });
  const [own, others] = [made(receiver.url), made(other.url)];
  const attempt = (to: "own" | "other", signal?: AbortSignal) =>
    deliver({ event, subscription: to === "own" ? own : others, number: 1, inSchedule: 0, ...(signal && { signal }) });
  return { told, attempt };
}

test.each([
  ["a request that we end", {}, undefined, "interrupted"],
  ["no free connection to the endpoint", { connections: 1 }, "own", "timeout_total"],
  ["no free socket at all", { maxSockets: 1 }, "other", "sockets_exhausted"],
] as const)("%s", async (_what, room, second, code) => {
  const busy = await startReceiver({ respond: () => ({ status: 204, delayMs: 600_000 }) });
  const failing = await startReceiver({ respond: () => ({ status: 503 }) });
  closing.push(
    () => busy.close(),
    () => failing.close(),
  );
  const { told, attempt } = tight(busy, failing, room);
  const stop = new AbortController();
  const first = attempt("own", stop.signal);
  await expect.poll(() => busy.requests.length).toBe(1);
  if (second) {
    const unsent = await attempt(second);
    expect(unsent).toMatchObject({ status: "retrying", reason: OUTCOMES[code].explanation });
    expect(unsent).not.toHaveProperty("attempt");
  }
  stop.abort();
  expect(await first).toMatchObject({ status: "retrying", reason: OUTCOMES.interrupted.explanation });
  expect(told).toEqual([]);
  // What the endpoint itself answers is told.
  await attempt("other");
  expect(told).toEqual(["http_5xx"]);
});

test.each([
  ["our own name server is gone", false, "resolver_unavailable", []],
  ["the host's name server fails", true, "dns_temporary", ["dns_temporary"]],
] as const)("no host name is resolved because %s", async (_what, works, code, expected) => {
  const { resolve } = stubResolver({ "hooks.example.com": [{ code: "EAI_AGAIN" }] });
  const resolver = { resolve, resolverWorks: () => Promise.resolve(works) };
  const endpoint = { url: "https://hooks.example.com/" };
  const { told, attempt } = tight(endpoint, endpoint, { resolver });
  const result = await attempt("own");
  expect(result).toMatchObject({ status: "retrying", reason: OUTCOMES[code].explanation });
  expect("attempt" in result).toBe(works);
  expect(told).toEqual(expected);
});
