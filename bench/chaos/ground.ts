/**
 * What every fault of the chaos run works on: the cluster, the events that it publishes, and waiting for a condition.
 */
import { pause } from "../clock.js";
import type { Sink } from "../sink.js";
import { type Cluster, lastLinesOf } from "./cluster.js";
import { type Address, publish, type Published } from "./publishers.js";
import { randomBytes } from "node:crypto";

export interface Finding {
  fault: string;
  done: string;
  found: string;
  ok: boolean;
}

export interface Ground {
  cluster: Cluster;
  sink: Sink;
  eventType: string;
  /** Where the sink sees events of this type. */
  path: string;
  data: unknown;
  /** Ids that were accepted, for the oracle. */
  accepted: Set<string>;
  /** Ids that may arrive once only, crash or not. */
  once: Set<string>;
  /** Refused or unanswered, to be accepted when they are published again. */
  refused: Event[];
}

export interface Event {
  id: string;
  type: string;
  data: unknown;
}

export const newEvent = ({ eventType, data }: Ground, fault: string): Event => ({
  id: `${fault}-${randomBytes(8).toString("hex")}`,
  type: eventType,
  data,
});

/** Publishes until it is accepted. */
export async function insist(address: () => Address, event: Event): Promise<Published & { answered: true }> {
  for (const deadline = Date.now() + LIMIT_MS; Date.now() < deadline; await pause(200)) {
    const result = await publish(address(), event);
    if (accepted(result)) return result;
  }
  throw new Error(`${event.id} was not accepted within three minutes.`);
}

export const accepted = (result: Published): result is Published & { answered: true } =>
  result.answered && result.status < 300;

export async function repeat(
  fault: string,
  done: string,
  times: number,
  once: () => Promise<string>,
): Promise<Finding> {
  const found: string[] = [];
  for (let time = 0; time < times; time++) found.push(await once());
  const wrong = found.filter(Boolean);
  return { fault, done: `${done}, ${times} times`, found: wrong[0] ?? "each accepted", ok: wrong.length === 0 };
}

/** After sixty kills under load, a new event waited 66 s behind the backlog. That is slow and no fault. */
export const LIMIT_MS = 180_000;

/** @param lacking what has not come about, for the error */
export async function until(condition: () => boolean, lacking: () => string): Promise<void> {
  for (const deadline = Date.now() + LIMIT_MS; !condition(); await pause(10))
    if (Date.now() > deadline) throw new Error(`The fault could not be set up within three minutes: ${lacking()}`);
}

export function address(cluster: Cluster, index: number): Address {
  const found = cluster.addresses()[index];
  if (!found)
    throw new Error(
      `An API that should be there is down. The service's last lines:\n${lastLinesOf(cluster.service())}`,
    );
  return found;
}

export const main = (cluster: Cluster): Address => address(cluster, 0);

export const second = (cluster: Cluster): Address => address(cluster, 1);
