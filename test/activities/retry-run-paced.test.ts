/** Runs of retries to an endpoint with a rate limit: they sleep until their slots. */
import { MockActivityEnvironment } from "@temporalio/testing";
import { NativeConnection, Worker } from "@temporalio/worker";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { builtBundle } from "../support/built-bundle.js";
import { provenConverter } from "../support/proven.js";
import { receive, recordOf, running, setUpRetryRun } from "./retry-run-setup.js";

/** Runs to one endpoint without a rate limit. */
const EACH = 12;

setUpRetryRun();

let buckets: Worker;
let done: Promise<void>;
let connection: NativeConnection;
beforeAll(async () => {
  connection = await NativeConnection.connect({ address: inject("temporalAddress") });
  buckets = await Worker.create({
    connection,
    taskQueue: running.taskQueue,
    dataConverter: provenConverter,
    workflowBundle: await builtBundle(),
  });
  done = buckets.run();
});
afterAll(async () => {
  buckets?.shutdown();
  await done;
  await connection?.close();
});

it("have places of their own: all make their attempts or have a slot, however many sleep", async () => {
  const receiver = await receive();
  const subscription = await running.subscribe(receiver.url, { rateLimit: { perSecond: 20, burst: 1 } });
  const items = await running.pending(subscription, 4 * EACH);
  const reached = (await Promise.all(items.map((item) => running.attempt(subscription, [item])))).flat();
  // Who finds no place comes back as it was, which is pending.
  expect(reached.filter(({ status }) => status === "pending")).toEqual([]);
  expect(receiver.requests).toHaveLength(reached.filter(({ status }) => status === "delivered").length);
});

it("end their sleep when they are cancelled, and give back what they hold as it was", async () => {
  const receiver = await receive();
  /** One delivery has been sent. The other one has its slot so many seconds later. */
  const next = async (seconds: number) => {
    const rateLimit = { perSecond: 1 / seconds, burst: 1 };
    const subscription = await running.subscribe(receiver.url, { rateLimit });
    const [first, second] = await running.pending(subscription, 2);
    if (!first || !second) throw new Error("too few items");
    expect(await running.attempt(subscription, [first])).toMatchObject([{ status: "delivered" }]);
    return { subscription, second };
  };
  const [sleeping, sooner] = await Promise.all([next(1.8), next(1.1)]);
  const mock = new MockActivityEnvironment();
  const run = running.attempt(sleeping.subscription, [sleeping.second], { environment: mock });
  const other = running.attempt(sooner.subscription, [sooner.second]);
  mock.cancel();
  expect(await Promise.race([run, other])).toEqual([sleeping.second]);
  expect(receiver.requests).toHaveLength(2);
  expect(await recordOf(sleeping.second)).toMatchObject({ status: "pending", attemptCount: 0 });
  expect(await other).toMatchObject([{ status: "delivered" }]);
});
