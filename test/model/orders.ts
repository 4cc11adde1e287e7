/**
 * Orders of steps. An order is a list of numbers. The first chooses a mood: which kinds of steps are frequent. Of each
 * other, the low bits choose a kind of step, and the rest chooses to what it is done. A number whose kind has nothing
 * to do does the next thing that is under way. So every list is an order.
 */
import fc from "fast-check";
import {
  accept,
  askFor,
  breakOff,
  end,
  eraseOne,
  forget,
  go,
  land,
  loseTask,
  passTime,
  pick,
  refuse,
  standStill,
  startSome,
  work,
} from "./steps.js";
import { RETRY_AFTER_MS } from "./early.js";
import type { World } from "./world.js";

type Kind = (world: World, n: number) => boolean;

const GIVEN_IDS = ["e1", "e2", "e3"];
const time =
  (ms: number): Kind =>
  (world) => (passTime(world, ms), true);
const broken =
  (how: "done" | "never" | "later"): Kind =>
  (world, n) =>
    breakOff(world, n, how);
const start: Kind = (world) => startSome(world);
/** What is under way, and nothing that a process does by the clock. */
const next: Kind = (world, n) => go(world, n, ({ kind }) => kind !== "pause");
const given: Kind = (world, n) => accept(world, n, pick(GIVEN_IDS, n >> 1));
const lost: Kind = (world, n) => loseTask(world, n);

/** Each as often as it stands here, of 32. */
const often = (...some: readonly (readonly [number, Kind])[]): Kind[] =>
  some.flatMap(([times, kind]) => Array<Kind>(times).fill(kind));

/** Everything, with several events. */
const ANYTHING = often(
  [11, go],
  [3, start],
  [3, work],
  [2, given],
  [1, (world, n) => accept(world, n, undefined)],
  [1, time(300)],
  [1, time(2_500)],
  [1, time(8_100)],
  [1, broken("done")],
  [1, broken("never")],
  [2, broken("later")],
  [1, land],
  [1, end],
  [1, lost],
  [1, eraseOne],
  [1, (world, n) => (n % 4 === 0 ? forget(world, n >> 2) : askFor(world, n >> 2))],
);

/** One delivery is left to retries: its record is written late, by several, and a person asks for it. */
const RETRIES = often(
  [14, next],
  [6, work],
  [1, time(300)],
  [1, time(5_100)],
  [1, broken("done")],
  [3, broken("later")],
  [2, refuse],
  [2, land],
  [1, lost],
  [1, askFor],
);

/** One id is published again and again, while processes end and their writes land late. */
const LEAVING = often(
  [9, go],
  [3, start],
  [2, work],
  [4, (world, n) => accept(world, n, "e1")],
  [1, time(300)],
  [3, time(2_500)],
  [1, time(5_100)],
  [1, broken("done")],
  [3, broken("later")],
  [3, land],
  [2, end],
);

/** As before, and the store stands still for a while. What was sent to it is carried out when it goes on. */
const FREEZING = often(
  [12, go],
  [3, start],
  [2, work],
  [4, (world, n) => accept(world, n, "e1")],
  [1, time(300)],
  [1, time(5_100)],
  [1, broken("later")],
  [4, land],
  [3, standStill],
  [1, end],
);

/** Where an order begins, and what happens then. */
interface Mood {
  begin?: (world: World) => void;
  kinds: readonly Kind[];
}
const MOODS: readonly Mood[] = [
  { kinds: ANYTHING },
  { begin: toRetries, kinds: RETRIES },
  { kinds: LEAVING },
  { kinds: FREEZING },
];
const CHOICES = 32;
const MOST = CHOICES * 256;

/** Lists of numbers, each of which is an order. */
export const ORDERS_OF_STEPS = fc.array(fc.nat({ max: MOST - 1 }), { minLength: 5, maxLength: 60, size: "max" });

/** The steps of an order. */
export function stepsOf([mood = 0, ...numbers]: readonly number[]): ((world: World) => void)[] {
  const { begin, kinds } = MOODS[mood % MOODS.length] ?? { kinds: ANYTHING };
  const steps = numbers.map((n) => (world: World) => {
    const which = Math.floor(n / CHOICES);
    if (!kinds[n % CHOICES]?.(world, which)) go(world, which);
  });
  return begin ? [begin, ...steps] : steps;
}

/** More steps than an event needs to come to its retries. */
const MOST_STEPS = 60;

/** One event whose first attempt fails, and which is dispatched. The next attempt is due. */
function toRetries(world: World): void {
  for (let steps = 0; steps < MOST_STEPS && world.announcements.size < 2; steps++) go(world, 0);
  accept(world, 0, "e1");
  let isRefused = false;
  for (let steps = 0; steps < MOST_STEPS && !hasRetries(world); steps++)
    if (!isRefused && refuse(world, 0)) isRefused = true;
    else if (!next(world, 0) && !startSome(world)) work(world, 0);
  passTime(world, RETRY_AFTER_MS);
}

const hasRetries = ({ workflows }: World): boolean => [...workflows.values()].some(({ kind }) => kind === "retry");
