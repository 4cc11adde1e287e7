/** A process of the model, and what it has in memory. */
import type { FirstOutcome } from "../../src/activities/first-attempts.js";
import type { PublishedEvent } from "../../src/workflows/contract.js";
import { newName, type World } from "./world.js";

/** Events of one workflow (src/api/publish/accept/batches.ts). */
export interface Batch {
  owner: string;
  ready: PublishedEvent[];
  pending: number;
  isClosed: boolean;
  rerun?: true;
  former?: string[];
  next?: string;
}

/** An attempt that was begun early (src/activities/early/early-entries.ts). */
export interface Entry {
  route: { deliveryId: string; event: { id: string; type: string }; subscription: { id: string; groupId: string } };
  until: number;
  outcome?: FirstOutcome;
  /** It is on record, and this says whether something is left to do. */
  isLeft?: boolean;
}

export interface Process {
  name: string;
  isApi: boolean;
  isAlive: boolean;
  /** Events erased lately, as far as this process knows. */
  lately: Set<string>;
  /** Events whose payload is in memory. */
  payloads: Set<string>;
  /** Committed lately, with their content. */
  recent: Map<string, PublishedEvent>;
  /** Publishes that are not answered. */
  underWay: Set<string>;
  batches: Batch[];
  early: Map<string, Entry[]>;
  unrecorded: Map<string, FirstOutcome>;
  owners: {
    free: string[];
    open: Map<string, number>;
    generation: number;
    isBegun: boolean;
    renewedAt: number;
    renewal: number;
  };
  sightings: Map<string, { renewedAt: number; nothingLands: boolean; begun: boolean }>;
  successors: Map<string, string>;
}

export function newProcess(world: World, isApi: boolean): Process {
  const process: Process = {
    name: newName(world, isApi ? "api" : "worker"),
    isApi,
    isAlive: true,
    lately: new Set(world.ledger.keys()),
    payloads: new Set(),
    recent: new Map(),
    underWay: new Set(),
    batches: [],
    early: new Map(),
    unrecorded: new Map(),
    owners: {
      free: [],
      open: new Map(),
      generation: 0,
      isBegun: false,
      renewedAt: Number.NEGATIVE_INFINITY,
      renewal: 0,
    },
    sightings: new Map(),
    successors: new Map(),
  };
  world.processes.push(process);
  return process;
}

/** The process learns of an erasure. */
export function learn(process: Process, eventId: string): void {
  process.lately.add(eventId);
  process.payloads.clear();
  process.recent.clear();
}
