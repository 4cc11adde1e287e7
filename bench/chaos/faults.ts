/** One fault each: what is done to the service, and what it must make of it. */
import { randomBytes } from "node:crypto";
import { createClient, type SubscriptionSet } from "../../test/support/client.js";
import { freeze, thaw } from "../../test/support/process.js";
import { settledRecords } from "../../test/support/records.js";
import { pause } from "../clock.js";
import { type Cluster, lastLinesOf } from "./cluster.js";
import { publish, type Published } from "./publishers.js";
import { accepted, type Finding, type Ground, insist, main, newEvent, repeat, second, until } from "./ground.js";

/**
 * F3: the API dies after its 202 and before the engine heard of the event. Another process finds what it announced, and
 * starts it.
 */
export async function killBeforeStart(ground: Ground, repeats: number): Promise<Finding> {
  const { cluster } = ground;
  return repeat("F3", "API killed between its 202 and the workflow start", repeats, async () => {
    const event = newEvent(ground, "f3");
    cluster.proxy.set("holdRequests");
    // The kills before may have left it a moment without the store: publishers come again then.
    const answer = await insist(() => second(cluster), event);
    ground.accepted.add(event.id);
    await killApi(cluster);
    return wrongAbout(answer);
  });
}

/**
 * F4: the API dies after the workflow start and before it heard of it. The same id is then a duplicate, and nothing is
 * delivered twice.
 */
export async function killBeforeAnswer(ground: Ground, repeats: number): Promise<Finding> {
  const { cluster, sink } = ground;
  return repeat("F4", "API killed between the workflow start and the engine's answer", repeats, async () => {
    const event = newEvent(ground, "f4");
    ground.once.add(event.id);
    cluster.proxy.set("holdAnswers");
    // As above: what was refused never arrives, and the fault is set up by what was accepted.
    const answer = await insist(() => second(cluster), event);
    await until(
      () => sink.arrivals.some(({ id }) => id === event.id),
      () => `${event.id} was answered ${JSON.stringify(answer)} and has not arrived.\n${lastLinesOf(cluster.api())}`,
    );
    await killApi(cluster);
    const again = await insist(() => main(cluster), event);
    ground.accepted.add(event.id);
    const wrong = wrongAbout(answer);
    return wrong || (again.duplicate && again.id === event.id ? "" : `published again: ${JSON.stringify(again)}`);
  });
}

/** An event is accepted whatever becomes of the engine: its record is what makes it durable. */
function wrongAbout(answer: Published): string {
  if (!answer.answered) return "no answer";
  return answer.status < 300 ? "" : `not accepted: ${answer.status}`;
}

/** Kills the second API, lets its connection to the engine pass again, and starts it anew. */
async function killApi(cluster: Cluster): Promise<void> {
  const from = Date.now();
  await cluster.killApi();
  cluster.proxy.set("pass");
  await cluster.restartApi();
  cluster.crashes.push({ what: "api", from, until: Date.now() });
}

/** What was refused, or not answered, while things were down is accepted under the same id afterwards. */
export async function publishRefused(ground: Ground): Promise<Finding> {
  const begun = Date.now();
  await Promise.all(
    ground.refused.map(async (event) => {
      await insist(() => main(ground.cluster), event);
      ground.accepted.add(event.id);
    }),
  );
  const seconds = ((Date.now() - begun) / 1_000).toFixed(1);
  return {
    fault: "F3, F7",
    done: "refused events published again",
    found: `${ground.refused.length} accepted within ${seconds} s`,
    ok: true,
  };
}

/** F5: the same id at the same instant through two API processes. One event each. */
export async function publishPairs(ground: Ground, pairs: number): Promise<Finding> {
  const { cluster } = ground;
  const results = await Promise.all(
    Array.from({ length: pairs }, async () => {
      const event = newEvent(ground, "f5");
      ground.once.add(event.id);
      const both = await Promise.all([publish(main(cluster), event), publish(second(cluster), event)]);
      if (both.some(accepted)) ground.accepted.add(event.id);
      return both;
    }),
  );
  const bad = results.filter((both) => !both.every(accepted)).length;
  const twice = results.filter((both) => both.every((each) => each.answered && !each.duplicate)).length;
  return {
    fault: "F5",
    done: `${pairs} pairs with one id, through two APIs at once`,
    found: `${bad} not accepted, ${twice} with no duplicate among the two`,
    ok: bad === 0 && twice === 0,
  };
}

/** F6: the same id with another body is refused, by either API. */
export async function publishConflict(ground: Ground): Promise<Finding> {
  const event = newEvent(ground, "f6");
  ground.once.add(event.id);
  await insist(() => main(ground.cluster), event);
  ground.accepted.add(event.id);
  const other = { ...event, data: { something: "else" } };
  const statuses = (
    await Promise.all([publish(main(ground.cluster), other), publish(second(ground.cluster), other)])
  ).map((each) => (each.answered ? each.status : 0));
  return {
    fault: "F6",
    done: "same id, other body",
    found: `answers ${statuses.join(", ")}`,
    ok: statuses.every((status) => status === 409),
  };
}

/** F7: the engine is unreachable, and then silent. Events are accepted all the same, without a wait. */
export async function engineDown(ground: Ground): Promise<Finding> {
  const { cluster } = ground;
  const found: string[] = [];
  let wrong = 0;
  for (const mode of ["refuse", "holdRequests"] as const) {
    const event = newEvent(ground, "f7");
    cluster.proxy.set(mode);
    const began = Date.now();
    const down = await publish(second(cluster), event);
    const elapsed = Date.now() - began;
    cluster.proxy.set("pass");
    if (wrongAbout(down) !== "") wrong++;
    // The promise is 5 s. A busy machine may add to it, another 5 s may not.
    if (elapsed > 2 * ANSWER_WITHIN_MS) wrong++;
    found.push(`${mode}: ${down.answered ? down.status : "no answer"} after ${(elapsed / 1_000).toFixed(1)} s`);
    // Believed, so that a false 202 shows as a loss.
    if (accepted(down)) ground.accepted.add(event.id);
    else ground.refused.push(event);
  }
  return { fault: "F7", done: "Temporal refuses, then is silent", found: found.join("; "), ok: wrong === 0 };
}

/** F9: the database stands still. Calls that need it answer 503, never 500, and go on afterwards. */
export async function freezeDatabase(ground: Ground, deliveryId: string, frozenMs: number): Promise<Finding> {
  const { cluster } = ground;
  const pid = cluster.service().pids().mongodb;
  if (!pid) return { fault: "F9", done: "database frozen", found: "not embedded here", ok: false };
  const { url, key } = main(cluster);
  const client = createClient(url, key, frozenMs + 60_000);
  const statuses = new Set<number>();
  let slowestMs = 0;
  const from = Date.now();
  freeze(pid);
  const reads = (async () => {
    while (Date.now() < from + frozenMs) {
      const askedAt = Date.now();
      statuses.add((await client.get(`/v1/deliveries/${deliveryId}`)).status);
      slowestMs = Math.max(slowestMs, Date.now() - askedAt);
    }
  })();
  await pause(frozenMs);
  thaw(pid);
  await reads;
  cluster.crashes.push({ what: "the database frozen", from, until: Date.now() });
  await client.close();
  const wrong = [...statuses].filter((status) => status !== 503 && status !== 200);
  return {
    fault: "F9",
    done: `database frozen for ${frozenMs / 1_000} s`,
    found: `reads answered ${[...statuses].join(", ")}, the slowest after ${(slowestMs / 1_000).toFixed(1)} s`,
    ok: wrong.length === 0 && statuses.size > 0,
  };
}

/**
 * F23: a consumer is away while one large batch comes, and then back. The whole batch waits in one workflow and is
 * recorded together.
 */
export async function consumerBack(
  { cluster, sink, data }: Ground,
  set: SubscriptionSet,
  events: number,
): Promise<Finding> {
  const paths = set.subscriptions.map(({ url }) => new URL(url).pathname);
  paths.forEach((path) => sink.behave(path, () => 503));
  const batch = Array.from({ length: events }, (_, number) => ({
    id: `f23-${randomBytes(4).toString("hex")}-${number}`,
    type: set.eventType,
    data,
  }));
  const { url, key } = main(cluster);
  const client = createClient(url, key);
  const answer = await client.post("/v1/events", batch);
  const silent = () => paths.filter((path) => !sink.arrivals.some((arrival) => arrival.path === path));
  await until(
    () => silent().length === 0,
    () => `nothing has arrived at ${silent().join(", ")}.`,
  );
  await pause(2_000);
  paths.forEach((path) => sink.behave(path, () => 204));
  const records = await settledRecords(
    () => client,
    batch.flatMap(({ id }) => set.subscriptions.map((subscription) => `${id}.${subscription.id}`)),
    // The endpoint counts as failing by now. A probe finds out within half a minute, and what waits leaves slowly.
    150_000,
  );
  await client.close();
  const delivered = [...records.values()].filter(({ status }) => status === "delivered").length;
  const expected = events * set.subscriptions.length;
  return {
    fault: "F23",
    done: `consumer away while ${events} events come at once, then back`,
    found: `${delivered} of ${expected} delivered`,
    ok: answer.status === 202 && delivered === expected,
  };
}

/** F21: SIGTERM while requests are open at the consumers. They finish, the exit code is 0, and none is sent again. */
export async function drain({ cluster, sink, data }: Ground, set: SubscriptionSet, events: number): Promise<Finding> {
  const expected = events * set.subscriptions.length;
  const paths = new Set(set.subscriptions.map(({ url }) => new URL(url).pathname));
  let open: () => void = () => undefined;
  const gate = new Promise<void>((resolve) => (open = resolve));
  paths.forEach((path) => sink.behave(path, () => gate.then(() => 204)));
  await cluster.stopOthers();
  const batch = Array.from({ length: events }, (_, number) => ({ id: `f21-${number}`, type: set.eventType, data }));
  const { url, key } = main(cluster);
  const client = createClient(url, key);
  const answer = await client.post("/v1/events", batch);
  await client.close();
  const waiting = () => sink.arrivals.filter(({ path, answered }) => paths.has(path) && answered === 0).length;
  await until(
    () => waiting() >= expected,
    () => `${waiting()} of ${expected} requests are in flight.`,
  ).catch(() => undefined);
  const inFlight = waiting();
  const stopped = cluster.service().stop();
  await pause(500);
  open();
  const code = await stopped;
  await cluster.restartService();
  const again = createClient(main(cluster).url, main(cluster).key);
  const records = await settledRecords(
    () => again,
    batch.flatMap(({ id }) => set.subscriptions.map((subscription) => `${id}.${subscription.id}`)),
  );
  await again.close();
  const delivered = [...records.values()].filter(({ status }) => status === "delivered").length;
  const requests = sink.arrivals.filter(({ path }) => paths.has(path)).length;
  return {
    fault: "F21",
    done: `SIGTERM with ${inFlight} requests in flight`,
    found: `exit code ${code}; ${delivered} of ${expected} delivered by ${requests} requests`,
    ok: answer.status === 202 && inFlight === expected && code === 0 && delivered === expected && requests === expected,
  };
}

const ANSWER_WITHIN_MS = 5_000;
