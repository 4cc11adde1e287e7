/**
 * Attempts: those that leave early, and the records of them (src/activities/early/early-attempts.ts,
 * record-outcomes.ts).
 */
import type { AttemptResult } from "../../src/activities/attempt.js";
import type { FirstOutcome } from "../../src/activities/first-attempts.js";
import type { RouteOfRecord } from "../../src/activities/first-records.js";
import type { Delivery } from "../../src/store/model.js";
import type { RetryItem } from "../../src/workflows/contract.js";
import type { Entry, Process } from "./process.js";
import { isOnRecord } from "./records.js";
import { changeDelivery, insertDeliveries, readDeliveries } from "./store.js";
import { begin, type Program, request, sleep, Unavailable } from "./tasks.js";
import { type Sent, SUBSCRIPTIONS, type World } from "./world.js";

const TIMEOUT_MS = 10_000;
const LATE_MS = 25_000;
/** A consumer that does not take an attempt gets the next one so much later, milliseconds. */
export const RETRY_AFTER_MS = 5_000;

export const routesOf = (event: { id: string; type: string }): RouteOfRecord[] =>
  SUBSCRIPTIONS.map((subscription) => ({ deliveryId: `${event.id}.${subscription.id}`, event, subscription }));

interface Order {
  deliveryId: string;
  number: number;
  asked: boolean;
  /** The workflow of a retry. */
  workflowId?: string;
  /** Whether its run is still the one that the engine knows. Another one may make the same attempt. */
  isHeld: () => boolean;
}

/** One attempt. The request leaves when this is called. The consumer's answer comes with the order of steps. */
export function* attempt(
  world: World,
  process: Process,
  { deliveryId, number, asked, isHeld, workflowId }: Order,
): Program<AttemptResult> {
  const sent: Sent = {
    deliveryId,
    process: process.name,
    asked,
    at: world.now,
    isLost: !isHeld(),
    place: world.sent.length + 1,
  };
  checkSent(world, sent);
  checkTaken(world, sent, workflowId);
  world.sent.push(sent);
  try {
    yield* request(world, () => void (sent.answer ??= "taken"));
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    sent.answer = "failed";
  }
  // The place tells this attempt from all others, on record too.
  const made = { number, at: new Date(world.now + sent.place), durationMs: sent.place };
  return sent.answer === "taken"
    ? { status: "delivered", attempt: { ...made, outcome: "delivered", status: 200 } }
    : { status: "retrying", dueAt: world.now + RETRY_AFTER_MS, attempt: { ...made, outcome: "http_5xx", status: 503 } };
}

/** The step that a request may come after what forbids it, milliseconds. */
const STEP_MS = 2_000;

/** The promises about what is sent, at the moment when it leaves. */
function checkSent(world: World, { deliveryId, asked, at, process, isLost }: Sent): void {
  const [eventId = ""] = deliveryId.split(".");
  const erased = world.erased.get(eventId);
  if (erased && (erased.by === process || at > erased.at + STEP_MS))
    world.broken.push(`${deliveryId} was sent ${at - erased.at} ms after its event was erased`);
  if (asked) return;
  const deliveredAt = world.deliveredAt.get(deliveryId);
  if (deliveredAt !== undefined && at > deliveredAt + STEP_MS)
    world.broken.push(`${deliveryId} was sent again ${at - deliveredAt} ms after it was on record as delivered`);
  // What was asked for leaves once more when it fails, however soon after the attempts before it was asked for.
  if (world.asked.has(deliveryId)) return;
  const before = world.sent.filter((each) => each.deliveryId === deliveryId && each.answer !== "failed");
  // After this time the workflow takes an attempt that is not on record for lost.
  const isKnown = before.some((each) => !each.isLost && at < each.at + TIMEOUT_MS + LATE_MS);
  if (isKnown && !isLost)
    world.broken.push(`${deliveryId} was sent again though the run that had sent it was not lost`);
}

/** A delivery that somebody asked for again is sent by the workflow that its record names, and by no other one. */
function checkTaken(world: World, { deliveryId, at }: Sent, workflowId: string | undefined): void {
  const taken = world.takenAt.get(deliveryId);
  if (workflowId !== undefined && taken && taken.by !== workflowId && at > taken.at + STEP_MS)
    world.broken.push(`${deliveryId} was sent by ${workflowId} ${at - taken.at} ms after ${taken.by} took it`);
}

/** What this process has sent and not recorded is not known to anybody else. */
export function lose(world: World, name: string): void {
  for (const sent of world.sent) if (sent.process === name && !isOnRecord(world, sent)) sent.isLost = true;
}

/** Begins what may begin now (early-attempts.ts). */
export function beginEarly(world: World, process: Process, owner: string, event: { id: string; type: string }): void {
  if (world.d.isErasedLately(process.lately, event.id)) return;
  // The second subscription is left to the dispatch, as one with a rate limit is.
  const entries = routesOf(event)
    .slice(0, 1)
    .map((route): Entry => ({ route, until: world.now + TIMEOUT_MS + LATE_MS }));
  process.early.set(event.id, entries);
  for (const entry of entries) begin(world, process, attempting(world, process, owner, entry));
}

function* attempting(world: World, process: Process, owner: string, entry: Entry): Program {
  const { route } = entry;
  const result = yield* attempt(world, process, {
    deliveryId: route.deliveryId,
    number: 1,
    asked: false,
    isHeld: () => true,
  });
  const outcome: FirstOutcome = { kind: "attempted", result };
  entry.outcome = outcome;
  for (;;)
    try {
      const left = yield* recordAll(world, { owner }, [{ route, outcome }]);
      entry.isLeft = left.length > 0;
      return;
    } catch (error) {
      if (!(error instanceof Unavailable)) throw error;
      yield* sleep(world, 1_000);
    }
}

export interface Done {
  route: RouteOfRecord;
  outcome: FirstOutcome;
}

/** Writes what became of routes, and gives those that need time (record-outcomes.ts). */
export function* recordAll(
  world: World,
  { owner, former }: { owner: string; former?: readonly string[] },
  done: readonly Done[],
): Program<RetryItem[]> {
  if (done.length === 0) return [];
  const now = new Date(world.now);
  const records = done.map(({ route, outcome }) =>
    world.d.firstRecordOf({ owner, isShared: true, apiId: "api", now }, route, outcome),
  );
  const known = yield* insertDeliveries(world, records);
  const before = known.length > 0 ? yield* readDeliveries(world, known) : new Map<string, Delivery>();
  const left: RetryItem[] = [];
  for (const { route, outcome } of done) {
    const record = before.get(route.deliveryId);
    const item = record
      ? world.d.itemGoingOn({ owner, former, now: world.now }, yield* withAttempt(world, record, outcome))
      : world.d.itemOf(route, outcome);
    if (item) left.push(item);
  }
  return left;
}

function* withAttempt(world: World, before: Delivery, outcome: FirstOutcome): Program<Delivery> {
  let record = before;
  for (;;) {
    const change = world.d.addedAttempt(record, outcome);
    if (!change) return record;
    const refused = yield* changeDelivery(world, change);
    if (!refused?.stands) return world.d.withChange(record, change);
    record = refused.stands;
    if (refused.why !== "outdated") return record;
  }
}
