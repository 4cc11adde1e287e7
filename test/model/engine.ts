/** The engine of the model: workflow ids, starts, and tasks for workers. */
import type { StartOutcome } from "../../src/api/publish/accept/start-workflow.js";
import type { AcceptedEventsInput, RetryDeliveryInput } from "../../src/workflows/contract.js";
import { groupBy } from "../../src/group-by.js";
import { type Program, read, Unavailable, write } from "./tasks.js";
import type { DeliverWorkflow, RetryWorkflow, World } from "./world.js";

/** Starts `deliverEvent` once for each id. Never rejects (src/api/publish/accept/start-workflow.ts). */
export function* startDeliver(world: World, id: string, input: AcceptedEventsInput): Program<StartOutcome> {
  try {
    return yield* write(world, () => {
      if (world.d.refusesDuplicate(world.workflows.has(id))) return "exists" as const;
      world.workflows.set(id, { kind: "deliver", id, input, isOpen: true, tasks: 0, keptAlive: false });
      return "started" as const;
    });
  } catch (error) {
    if (error instanceof Unavailable) return "unavailable";
    throw error;
  }
}

/** Ids of the events that a workflow was started with. Undefined when the engine has forgotten it. */
export const eventsStarted = (world: World, id: string): Program<ReadonlySet<string> | undefined> =>
  read(world, () => {
    const workflow = world.workflows.get(id);
    return workflow?.kind === "deliver" ? new Set(workflow.input.events.map((event) => event.id)) : undefined;
  });

export function startRetry(world: World, id: string, { items }: Pick<RetryDeliveryInput, "items">): RetryWorkflow {
  const workflow: RetryWorkflow = {
    kind: "retry",
    id,
    items: new Map(items.map((item) => [item.deliveryId, item])),
    isOpen: true,
    requests: new Set(),
    activities: new Map(),
  };
  world.workflows.set(id, workflow);
  return workflow;
}

const isSettled = (status: string): boolean => ["delivered", "exhausted", "cancelled"].includes(status);

const laneOf = (deliveryId: string): string => deliveryId.split(".")[1] ?? "";

/** Applies requests, ends what is done, and begins an activity for what is due of each subscription. */
function lookAfter(world: World, workflow: RetryWorkflow): void {
  const isUnderWay = (deliveryId: string): boolean => workflow.activities.has(laneOf(deliveryId));
  for (const id of workflow.requests) {
    const item = workflow.items.get(id);
    if (isUnderWay(id)) continue;
    workflow.requests.delete(id);
    if (item) workflow.items.set(id, { ...world.d.startedAfresh(item), dueAt: world.now });
  }
  const open = [...workflow.items.values()].filter(({ status }) => !isSettled(status));
  if (open.length === 0 && workflow.activities.size === 0) workflow.isOpen = false;
  const due = open.filter(({ deliveryId, dueAt }) => !isUnderWay(deliveryId) && (dueAt ?? 0) <= world.now);
  for (const [lane, items] of groupBy(due, ({ deliveryId }) => laneOf(deliveryId)))
    workflow.activities.set(lane, { items, attempts: 0 });
}

/** A task that a worker may take. */
export type WaitingTask = { workflow: DeliverWorkflow } | { workflow: RetryWorkflow; lane: string };

/** The tasks of a workflow that a worker may take now. */
export function waitingTasks(world: World, workflow: DeliverWorkflow | RetryWorkflow): WaitingTask[] {
  if (!workflow.isOpen) return [];
  if (workflow.kind === "deliver") return workflow.worker ? [] : [{ workflow }];
  lookAfter(world, workflow);
  return [...workflow.activities].flatMap(([lane, { worker }]) => (worker ? [] : [{ workflow, lane }]));
}

/** When something of it is due. Infinity when it waits for nothing. */
export const dueOf = (workflow: DeliverWorkflow | RetryWorkflow): number =>
  workflow.kind === "retry" && workflow.isOpen
    ? Math.min(
        ...[...workflow.items.values()].filter(({ status }) => !isSettled(status)).map(({ dueAt }) => dueAt ?? 0),
      )
    : Number.POSITIVE_INFINITY;
