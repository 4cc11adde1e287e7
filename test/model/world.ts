/** What the processes of the model share: a clock, a record store, an engine and a consumer. */
import type { DeliveryDocument } from "../../src/store/deliveries/delivery-document.js";
import type { EventRecord } from "../../src/store/model.js";
import type { AcceptedEventsInput, RetryItem } from "../../src/workflows/contract.js";
import type { Decisions } from "./decisions.js";
import type { Process } from "./process.js";
import type { Task } from "./tasks.js";

/** The subscriptions of the model's catalogue. */
export const SUBSCRIPTIONS = ["s1", "s2"].map((id) => ({ id, groupId: "group" }));
export const TYPE = "shop.order.paid";

/** A task in the hands of a worker, since when. */
export interface Held {
  process: Process;
  token: number;
  since: number;
}

/** A workflow `deliverEvent`, as the engine has it. */
export interface DeliverWorkflow {
  kind: "deliver";
  id: string;
  input: AcceptedEventsInput;
  isOpen: boolean;
  /** Tasks that were given to a worker. */
  tasks: number;
  /** A task was completed while the dispatch went on, so that a new worker replays from the beginning. */
  keptAlive: boolean;
  /** The worker that has the task, and its running dispatch. */
  worker?: Held;
}

/** A workflow `retryDelivery`. */
export interface RetryWorkflow {
  kind: "retry";
  id: string;
  items: Map<string, RetryItem>;
  isOpen: boolean;
  /** Deliveries that a person asked to be sent again, while their attempt was under way. */
  requests: Set<string>;
  /** Activities under way, one for each subscription. */
  activities: Map<string, RetryActivity>;
}

/** What it was given, and how often it was given to a worker. */
export interface RetryActivity {
  items: RetryItem[];
  attempts: number;
  worker?: Held;
}

/** A request that a consumer got. */
export interface Sent {
  deliveryId: string;
  process: string;
  /** A person asked for it. */
  asked: boolean;
  at: number;
  /** Unknown while it is under way, and for ever when its process was killed. */
  answer?: "taken" | "failed";
  /** The process that made it was killed, or its run was given up, before the outcome was on record. */
  isLost: boolean;
  /** 1, 2, … over all requests. */
  place: number;
}

export interface World {
  d: Decisions;
  /** Milliseconds. */
  now: number;
  /** For how long store and engine have run, milliseconds. A time in which they stand still is not in it. */
  ranMs: number;
  events: Map<string, EventRecord>;
  deliveries: Map<string, DeliveryDocument>;
  /** When each delivery got on record as delivered. */
  deliveredAt: Map<string, number>;
  /** Deliveries that somebody asked for again: the workflow that their record names, and since when. */
  takenAt: Map<string, { by: string; at: number }>;
  announcements: Map<string, { renewedAt: number; open: string[]; renewal: number }>;
  workflows: Map<string, DeliverWorkflow | RetryWorkflow>;
  sent: Sent[];
  /** When an erasure was answered, by event. */
  erased: Map<string, { at: number; by: string }>;
  /** Events in the ledger of erasures. */
  ledger: Map<string, number>;
  /** Answered with a 202 and where. */
  acknowledged: Set<string>;
  /** Deliveries that a person asked to be sent again. */
  asked: Set<string>;
  /** Such requests that got no answer. Each is one person's, who asks again. */
  unanswered: Set<{ deliveryId: string }>;
  processes: Process[];
  /** Processes of the same machine that have ended: the others know. */
  ended: Set<string>;
  tasks: Task[];
  /** Writes and starts that were given up, or whose process was killed, and may land until the store ran so long. */
  late: { land: () => unknown; untilRan: number }[];
  /** When closed workflows were closed. */
  closedAt: Map<string, number>;
  names: number;
  /** What breaks a promise, in words. */
  broken: string[];
}

export const newWorld = (d: Decisions): World => ({
  d,
  now: 1_000_000,
  ranMs: 0,
  events: new Map(),
  deliveries: new Map(),
  deliveredAt: new Map(),
  takenAt: new Map(),
  announcements: new Map(),
  workflows: new Map(),
  sent: [],
  erased: new Map(),
  ledger: new Map(),
  acknowledged: new Set(),
  asked: new Set(),
  unanswered: new Set(),
  processes: [],
  ended: new Set(),
  tasks: [],
  late: [],
  closedAt: new Map(),
  names: 0,
  broken: [],
});

export const newName = (world: World, prefix: string): string => `${prefix}${++world.names}`;
