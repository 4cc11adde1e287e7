/** The load: publishes in a closed or a paced open loop, and the raw loop that is the limit for both. */
import { createHmac, randomBytes } from "node:crypto";
import { Connection, Client as TemporalClient } from "@temporalio/client";
import { Pool } from "undici";
import { monotonicMs, pause } from "./clock.js";

export interface Target {
  url: string;
  key: string;
  eventType: string;
  /** Bytes of the payload's JSON, about. */
  payloadBytes: number;
  /** Sends ids of our own with this prefix. Without it the service makes them. */
  idPrefix?: string;
}

export interface LoadResult {
  /** Monotonic milliseconds: first call began, last answer came. */
  startedAt: number;
  endedAt: number;
  /** Of every accepted event: id, start of the call (monotonic ms), milliseconds to the answer. */
  accepted: { id: string; calledAt: number; answeredMs: number }[];
  /** Calls that were not accepted, by status or error code. */
  refused: Record<string, number>;
}

/** Publishes `events` events, always `concurrency` at once, each on a connection of its own. */
export async function burst(plan: Target & { events: number; concurrency: number }): Promise<LoadResult> {
  const publisher = createPublisher(plan, plan.concurrency);
  let next = 0;
  const worker = async () => {
    while (next < plan.events) await publisher.publish(next++);
  };
  await Promise.all(Array.from({ length: plan.concurrency }, worker));
  return publisher.finish();
}

export interface PacedResult extends LoadResult {
  /** Milliseconds of bare workflow starts on the same engine, between the publishes. */
  engineStartMs: number[];
}

/** Bare starts a second: enough for a p99 over some seconds, and few beside the publishes, whose engine they load. */
const BARE_PER_SECOND = 5;

/**
 * Publishes at a fixed rate whatever the answers do. Half a period after some publishes it starts a workflow on the
 * bare engine.
 */
export async function paced(
  plan: Target & { perSecond: number; seconds: number; temporalAddress: string },
): Promise<PacedResult> {
  const publisher = createPublisher(plan, 64);
  const engine = await createBareEngine(plan.temporalAddress);
  const calls: Promise<void>[] = [];
  const begun = monotonicMs();
  const total = Math.round(plan.perSecond * plan.seconds);
  const every = 2 * Math.max(1, Math.round(plan.perSecond / BARE_PER_SECOND));
  for (let turn = 0; turn < 2 * total; turn++) {
    // The schedule is fixed beforehand: a late turn does not push the following ones back.
    const due = begun + (turn * 500) / plan.perSecond;
    if (due > monotonicMs()) await pause(due - monotonicMs());
    if (turn % 2 === 0) calls.push(publisher.publish(turn / 2));
    else if (turn % every === 1) calls.push(engine.start());
  }
  await Promise.all(calls);
  await engine.close();
  return { ...(await publisher.finish()), engineStartMs: engine.startMs };
}

export interface RawPlan {
  url: string;
  path: string;
  requests: number;
  concurrency: number;
  payloadBytes: number;
  tls?: { cert: string; key: string; ca: string };
}

/**
 * Signs and sends straight to the sink: undici and HMAC, nothing else. The rate that no service on this machine can
 * pass.
 */
export async function raw(plan: RawPlan): Promise<{ startedAt: number; endedAt: number }> {
  const pool = new Pool(plan.url, { connections: plan.concurrency, ...(plan.tls && { connect: plan.tls }) });
  const secret = randomBytes(24);
  const body = payload(plan.payloadBytes);
  const startedAt = monotonicMs();
  let next = 0;
  const worker = async () => {
    while (next < plan.requests) {
      const id = `raw_${next++}`;
      const timestamp = Math.floor(Date.now() / 1_000).toString();
      const signature = createHmac("sha256", secret).update(`${id}.${timestamp}.${body}`).digest("base64");
      const headers = {
        "content-type": "application/json",
        "webhook-id": id,
        "webhook-timestamp": timestamp,
        "webhook-signature": `v1,${signature}`,
      };
      const answer = await pool.request({ path: plan.path, method: "POST", headers, body });
      await answer.body.dump();
    }
  };
  await Promise.all(Array.from({ length: plan.concurrency }, worker));
  const endedAt = monotonicMs();
  await pool.destroy();
  return { startedAt, endedAt };
}

function createPublisher(target: Target, connections: number) {
  const pool = new Pool(target.url, { connections });
  const headers = { authorization: `Bearer ${target.key}`, "content-type": "application/json" };
  const data = payload(target.payloadBytes);
  const result: LoadResult = { startedAt: monotonicMs(), endedAt: 0, accepted: [], refused: {} };

  async function publish(number: number): Promise<void> {
    const id = target.idPrefix ? `"id":"${target.idPrefix}${number}",` : "";
    const calledAt = monotonicMs();
    try {
      const answer = await pool.request({
        path: "/v1/events",
        method: "POST",
        headers,
        body: `{${id}"type":"${target.eventType}","data":${data}}`,
      });
      const text = await answer.body.text();
      if (answer.statusCode !== 202) return refuse(String(answer.statusCode));
      result.accepted.push({
        id: (JSON.parse(text) as { id: string }).id,
        calledAt,
        answeredMs: monotonicMs() - calledAt,
      });
    } catch (error) {
      refuse((error as NodeJS.ErrnoException).code ?? "error");
    }
  }
  function refuse(code: string): void {
    result.refused[code] = (result.refused[code] ?? 0) + 1;
  }
  async function finish(): Promise<LoadResult> {
    result.endedAt = monotonicMs();
    await pool.destroy();
    return result;
  }
  return { publish, finish };
}

/** Starts of a workflow that no worker takes up: what the engine alone needs before an event can be called durable. */
async function createBareEngine(address: string) {
  const connection = await Connection.connect({ address });
  const client = new TemporalClient({ connection });
  const startMs: number[] = [];
  async function start(): Promise<void> {
    const calledAt = monotonicMs();
    const workflowId = `bench-bare-${randomBytes(8).toString("hex")}`;
    await client.workflow.start("bare", { taskQueue: "bench-bare", workflowId, workflowExecutionTimeout: "1 minute" });
    startMs.push(monotonicMs() - calledAt);
  }
  return { start, startMs, close: () => connection.close() };
}

/** JSON of about so many bytes, not all of one letter. */
function payload(bytes: number): string {
  const filling = randomBytes(Math.max(1, Math.floor((bytes - 40) * 0.75))).toString("base64");
  return JSON.stringify({ invoice: "in_1001", amount: 1250, filling });
}
