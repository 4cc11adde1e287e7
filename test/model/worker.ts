/** The workers' side: the dispatch of `deliverEvent` and the attempts of `retryDelivery` (src/activities). */
import type { FirstOutcome } from "../../src/activities/first-attempts.js";
import type { RouteOfRecord } from "../../src/activities/first-records.js";
import type { EarlyTable } from "../../src/activities/early/early-attempts.js";
import type { Delivery } from "../../src/store/model.js";
import type { RefusedChange } from "../../src/store/store.js";
import {
  type AcceptedEventsInput,
  type PublishedEvent,
  type RetryItem,
  retryWorkflowId,
} from "../../src/workflows/contract.js";
import { recordOf } from "./accept.js";
import { attempt, type Done, lose, recordAll, routesOf } from "./early.js";
import { startRetry } from "./engine.js";
import type { Entry, Process } from "./process.js";
import { changeDelivery, insertEvents, readDeliveries, readEvents } from "./store.js";
import { type Program, sleep, Unavailable, waitFor } from "./tasks.js";
import { type DeliverWorkflow, type RetryWorkflow, type World } from "./world.js";

const AGAIN_MS = 200;
/** A local activity that takes longer has its workflow task kept alive. */
export const KEEP_ALIVE_MS = 8_000;

interface Run {
  world: World;
  process: Process;
  owner: string;
  input: AcceptedEventsInput;
  rerun: boolean;
  isHeld: () => boolean;
}

/** A worker has a task of `deliverEvent`: it dispatches until that works, and hands over what needs time. */
export function* delivering(world: World, process: Process, workflow: DeliverWorkflow): Program {
  const token = world.names++;
  const { input, id: owner } = workflow;
  const historyLength = workflow.keptAlive ? 3 : 3 * (workflow.tasks + 1);
  const mayHaveRun = world.d.mayHaveRun({ historyLength, isReplaying: workflow.keptAlive });
  workflow.tasks++;
  workflow.worker = { process, token, since: world.now };
  for (let tries = 1; ; tries++)
    try {
      const isHeld = (): boolean => workflow.worker?.token === token;
      const rerun = input.rerun === true || mayHaveRun || tries > 1;
      const left = yield* dispatch({ world, process, owner, input, rerun, isHeld });
      // A worker whose task was given to another one is not heard.
      if (!isHeld()) return;
      if (left.length > 0) startRetry(world, retryWorkflowId(owner), { items: left });
      workflow.isOpen = false;
      return;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      yield* sleep(world, AGAIN_MS);
    }
}

/** Events of the input that this workflow delivers (own-events.ts). */
function* claim({ world, process, owner, input, rerun }: Run) {
  const some = new Map<string, PublishedEvent[]>();
  for (const event of input.events) {
    const erasedLately = world.d.isErasedLately(process.lately, event.id);
    const what = world.d.claimOf(event, { rerun, erasedLately, now: world.now });
    some.set(what, [...(some.get(what) ?? []), event]);
  }
  const [inserted = [], beside = [], looked = []] = ["insert", "insert-beside", "look"].map((what) => some.get(what));
  const both = [...inserted, ...beside].map((event) => recordOf(event, owner));
  const inserting = both.length > 0 ? yield* insertEvents(world, both) : [];
  const known = inserting.filter((id) => inserted.some((event) => event.id === id));
  const toCheck = [...known, ...looked.map(({ id }) => id)];
  const erased = new Set(some.get("erased"));
  const events = input.events.filter((event) => !erased.has(event));
  if (toCheck.length === 0) return { own: events, foreign: new Set<string>(), rerun };
  const records = yield* readEvents(world, toCheck);
  const verdicts = new Map(toCheck.map((id) => [id, world.d.ownershipOf(records.get(id), owner)]));
  return {
    own: events.filter(({ id }) => (verdicts.get(id) ?? "own") === "own"),
    foreign: new Set(toCheck.filter((id) => verdicts.get(id) === "foreign")),
    rerun: true,
  };
}

function* dispatch(run: Run): Program<RetryItem[]> {
  const { world, process, input } = run;
  const payloads = yield* payloadsOf(world, process, input.events);
  const claimed = yield* claim(run);
  const begun = world.d.begunOf(
    { early: tableOf(process), catalogue: { subscription: subscriptionOf } },
    input.early,
    input.events,
    claimed.foreign,
  );
  const given: RouteOfRecord[] = claimed.own.filter(({ id }) => payloads.has(id)).flatMap(routesOf);
  const named = new Set(given.map(({ deliveryId }) => deliveryId));
  const routes = [...given, ...begun.extra.filter(({ deliveryId }) => !named.has(deliveryId))];
  const left = yield* deliver({ ...run, rerun: claimed.rerun }, routes, begun);
  for (const { id } of input.events) process.early.delete(id);
  return left;
}

/** Those whose payload is at hand: in the input, in memory, or in the store (event-bytes.ts). */
function* payloadsOf(world: World, process: Process, events: readonly PublishedEvent[]): Program<Set<string>> {
  const alive = events.filter(({ id }) => !world.d.isErasedLately(process.lately, id));
  const missing = alive.filter(({ id, body }) => "stored" in body && !process.payloads.has(id)).map(({ id }) => id);
  const records = missing.length > 0 ? yield* readEvents(world, missing) : new Map<string, { sha256: string }>();
  return new Set(
    alive.map(({ id }) => id).filter((id) => !missing.includes(id) || (records.get(id)?.sha256 ?? "") !== ""),
  );
}

const subscriptionOf = (id: string) =>
  ({ id, groupId: "group" }) as ReturnType<Parameters<World["d"]["begunOf"]>[0]["catalogue"]["subscription"]>;
const tableOf = (process: Process) =>
  ({
    of: (ids: Iterable<string>) =>
      new Map([...ids].flatMap((id) => process.early.get(id) ?? []).map((entry) => [entry.route.deliveryId, entry])),
  }) as unknown as EarlyTable;

/** deliver-routes.ts */
function* deliver(
  { world, process, owner, input: { former }, rerun, isHeld }: Run,
  routes: readonly RouteOfRecord[],
  begun: ReturnType<World["d"]["begunOf"]>,
): Program<RetryItem[]> {
  const dispatching = { owner, ...(former && { former }) };
  const doubtful = routes
    .map(({ deliveryId }) => deliveryId)
    .filter((id) => world.d.isDoubtful({ rerun, elsewhere: begun.elsewhere.has(id) }));
  const before = doubtful.length > 0 ? yield* readDeliveries(world, doubtful) : new Map<string, Delivery>();
  const since = world.now;
  const left: RetryItem[] = [];
  const goOn = (record: Delivery | undefined): void => {
    const item = record && world.d.itemGoingOn({ owner, former, now: world.now }, record);
    if (item) left.push(item);
  };
  const done: Done[] = [];
  const [adopted, todo]: [Entry[], RouteOfRecord[]] = [[], []];
  for (const route of routes) {
    const decision = world.d.decideRoute<Entry>({
      here: begun.here.get(route.deliveryId),
      kept: process.unrecorded.get(route.deliveryId),
      before: before.get(route.deliveryId),
      elsewhere: begun.elsewhere.get(route.deliveryId),
      excluded: false,
    });
    if (decision.does === "adopt") adopted.push(decision.entry);
    else if (decision.does === "record") done.push({ route, outcome: decision.outcome });
    else if (decision.does === "go-on") goOn(decision.before);
    else if (decision.does === "attempt") todo.push(route);
  }
  for (const route of todo) {
    const { deliveryId } = route;
    if (world.d.isOutOfDate({ rerun, since, now: world.now })) {
      const record = (yield* readDeliveries(world, [deliveryId])).get(deliveryId);
      goOn(record);
      if (record) continue;
    }
    const outcome: FirstOutcome = world.d.isErasedLately(process.lately, route.event.id)
      ? { kind: "left", status: "pending" }
      : { kind: "attempted", result: yield* attempt(world, process, { deliveryId, number: 1, asked: false, isHeld }) };
    process.unrecorded.set(deliveryId, outcome);
    done.push({ route, outcome });
  }
  left.push(...(yield* recordAll(world, dispatching, done)));
  for (const { route } of done) process.unrecorded.delete(route.deliveryId);
  const open: string[] = [];
  for (const entry of adopted) {
    yield* waitFor(world, () => entry.isLeft !== undefined);
    if (entry.isLeft) open.push(entry.route.deliveryId);
  }
  const records = open.length > 0 ? yield* readDeliveries(world, open) : new Map<string, Delivery>();
  for (const id of open) goOn(records.get(id));
  return left;
}

/** A worker has a task of `retryDelivery` (retry-attempts.ts, retry-run.ts). */
export function* retrying(
  world: World,
  process: Process,
  { workflow, lane }: { workflow: RetryWorkflow; lane: string },
): Program {
  const activity = workflow.activities.get(lane);
  if (!activity) return;
  const token = world.names++;
  activity.worker = { process, token, since: world.now };
  activity.attempts++;
  try {
    const isHeld = (): boolean => workflow.activities.get(lane) === activity && activity.worker?.token === token;
    const items = yield* attemptAll(
      { world, process, isHeld, workflowId: workflow.id },
      activity.items,
      activity.attempts,
    );
    if (!isHeld()) return;
    for (const item of items) {
      workflow.items.set(item.deliveryId, item);
      if (world.d.fulfilsRequests(item)) workflow.requests.delete(item.deliveryId);
    }
    workflow.activities.delete(lane);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    // The next try may be another worker's, which does not know what this one has not recorded.
    lose(world, process.name);
    if (activity.worker?.token === token) delete activity.worker;
  }
}

type RetryRun = Pick<Run, "world" | "process" | "isHeld"> & { workflowId: string };

function* attemptAll(run: RetryRun, given: RetryItem[], tries: number): Program<RetryItem[]> {
  const { world } = run;
  const ids = given.map(({ deliveryId }) => deliveryId);
  const records = tries > 1 || given.some(({ unsure }) => unsure) ? yield* readDeliveries(world, ids) : undefined;
  const reached: RetryItem[] = [];
  for (const item of given) {
    const current = records ? world.d.caughtUp(item, records.get(item.deliveryId), run.workflowId) : item;
    const reported = current === item ? yield* attemptOne(run, item) : current;
    reached.push(tries > 1 ? world.d.afterRerun(reported) : reported);
  }
  return reached;
}

function* attemptOne({ world, process, isHeld, workflowId }: RetryRun, item: RetryItem): Program<RetryItem> {
  const payloads = yield* payloadsOf(world, process, [eventOf(item)]);
  const { dueAt: _due, asked, unsure: _early, reason: _reason, ...rest } = item;
  if (payloads.size === 0 || world.d.isErasedLately(process.lately, item.eventId)) {
    const cancelled: RetryItem = { ...rest, status: "cancelled", reason: "The event's content was erased." };
    const refused = yield* changeDelivery(world, {
      ...world.d.changeOf(cancelled),
      attempts: item.attempts,
      ...(asked && { asked }),
    });
    return world.d.asTheyStand([cancelled], refused ? [refused] : [], workflowId)[0] ?? cancelled;
  }
  const { deliveryId } = item;
  const number = item.attempts + 1;
  const made = yield* attempt(world, process, { deliveryId, number, asked: asked === true, isHeld, workflowId });
  const reached: RetryItem = {
    ...rest,
    status: made.status,
    attempts: number,
    ...(made.status === "retrying" && { dueAt: made.dueAt }),
  };
  let refused = yield* changeDelivery(world, {
    ...world.d.changeOf(reached),
    attempts: item.attempts,
    ...(asked && { asked }),
    ...(made.attempt && { attempt: made.attempt, attemptCount: number, groupId: "group" }),
  });
  // An attempt that was made gets the next number where another one was recorded meanwhile.
  while (refused?.why === "outdated" && refused.stands) {
    const change = world.d.addedAttempt(refused.stands, { kind: "attempted", result: made });
    if (!change) break;
    const again: RefusedChange | undefined = yield* changeDelivery(world, { ...change, ...(asked && { asked }) });
    if (again) refused = again;
    else refused = { ...refused, why: "settled", stands: world.d.withChange(refused.stands, change) };
  }
  return world.d.asTheyStand([reached], refused ? [refused] : [], workflowId)[0] ?? reached;
}

const eventOf = ({ eventId, eventType }: RetryItem): PublishedEvent => ({
  id: eventId,
  type: eventType,
  contentType: "text/plain",
  body: { stored: true },
  sha256: "hash",
  acceptedAt: 0,
});

/** A person asks for one more delivery (src/api/deliveries/resend.ts). */
export function* resend(world: World, deliveryId: string): Program {
  const record = (yield* readDeliveries(world, [deliveryId])).get(deliveryId);
  if (!record) return;
  world.asked.add(deliveryId);
  const open = record.workflowId === undefined ? undefined : world.workflows.get(record.workflowId);
  if (open?.kind === "retry" && open.isOpen) return void open.requests.add(deliveryId);
  const workflowId = `resend/${deliveryId}`;
  yield* changeDelivery(world, { id: deliveryId, status: "pending", workflowId, asked: true });
  const item: RetryItem = {
    deliveryId,
    eventId: record.eventId,
    eventType: record.eventType,
    status: "pending",
    dueAt: world.now,
    attempts: record.attemptCount,
    scheduleBase: record.attemptCount,
  };
  const running = world.workflows.get(workflowId);
  const workflow =
    running?.kind === "retry" && running.isOpen ? running : startRetry(world, workflowId, { items: [item] });
  workflow.requests.add(deliveryId);
}
