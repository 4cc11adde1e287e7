/**
 * Places for work of one kind. Past the bound work waits, oldest first. What waits for a name that has its most, such
 * as an endpoint that hangs, stands aside and keeps nobody else from a place.
 */
import { createCounts } from "./counts.js";

/** A place. It may be left more than once. */
export interface Place {
  leave(): void;
}

export interface Wanted {
  /** Whose work it is. */
  name: string;
  /** Age of the work, milliseconds since the epoch: the oldest has the next place. */
  since: number;
  /** The name is known to hold its places for long. All such names together get at most half of the places. */
  troubled?: boolean;
  /** Longest wait, milliseconds. */
  waitMs: number;
  /** Aborted: it waits no longer. */
  signal?: AbortSignal | undefined;
}

export interface Turnstile {
  /** A place now, or none. */
  tryEnter(name: string): Place | undefined;
  /** None when the wait is over, or when too many wait. Never rejects. */
  enter(wanted: Wanted): Promise<Place | undefined>;
}

export interface TurnstileOptions {
  /** Places in all. */
  most: number;
  /** Places of one name. By default they are all. */
  each?: number;
  /** Most that wait. By default 10,000. Of one more, the youngest waits no longer. */
  mostWaiting?: number;
  onChange?: (underWay: number, waiting: number) => void;
}

interface Waiter extends Wanted {
  /** With undefined it waits no longer. */
  settle(place: Place | undefined): void;
}

/** The places of one process. */
export function createTurnstile(options: TurnstileOptions): Turnstile {
  const { most, each = most, mostWaiting = 10_000, onChange = () => undefined } = options;
  const held = createHeld(most, each);
  const line = createLine();
  const changed = (): void => onChange(held.all(), line.size());

  function take({ name, troubled = false }: Pick<Wanted, "name" | "troubled">): Place {
    held.change(name, troubled, 1);
    changed();
    let isHeld = true;
    return {
      leave() {
        if (!isHeld) return;
        isHeld = false;
        held.change(name, troubled, -1);
        line.comeBackOf(name);
        if (troubled) line.comeBackTroubled();
        admit();
        changed();
      },
    };
  }
  function admit(): void {
    while (held.hasPlace()) {
      const next = line.shift();
      if (!next) return;
      if (!held.hasRoomFor(next, line.troubledNames)) line.standAside(next);
      else {
        line.admitted();
        next.settle(take(next));
      }
    }
  }

  return {
    tryEnter(name) {
      const wanted = { name, troubled: false };
      return held.hasPlace() && held.hasRoomFor(wanted, () => 0) && !line.waitsFor(name) ? take(wanted) : undefined;
    },
    enter(wanted) {
      if (wanted.signal?.aborted) return Promise.resolve(undefined);
      if (line.size() >= mostWaiting && !line.makeRoomFor(wanted)) return Promise.resolve(undefined);
      return new Promise((settle) => {
        const waiter = createWaiter(wanted, settle, () => {
          line.remove(waiter);
          waiter.settle(undefined);
          admit();
          changed();
        });
        line.add(waiter);
        admit();
        changed();
      });
    },
  };
}

/** `giveUp` is called when the wait is over and it was not settled before. */
function createWaiter(wanted: Wanted, settle: Waiter["settle"], giveUp: () => void): Waiter {
  const timer = setTimeout(giveUp, wanted.waitMs);
  wanted.signal?.addEventListener("abort", giveUp, { once: true });
  return {
    ...wanted,
    settle(place) {
      clearTimeout(timer);
      wanted.signal?.removeEventListener("abort", giveUp);
      settle(place);
    },
  };
}

/** Who holds how many places. */
function createHeld(most: number, each: number) {
  const perName = createCounts();
  const troubledNames = createCounts();
  const forTroubled = Math.max(1, Math.floor(most / 2));
  let all = 0;
  let troubled = 0;
  return {
    all: (): number => all,
    hasPlace: (): boolean => all < most,
    change(name: string, isTroubled: boolean, change: 1 | -1): void {
      all += change;
      perName.change(name, change);
      if (!isTroubled) return;
      troubled += change;
      troubledNames.change(name, change);
    },
    /** `waiting`: troubled names that wait. Each such name gets the same share, and one place at least. */
    hasRoomFor(wanted: Pick<Wanted, "name" | "troubled">, waiting: () => number): boolean {
      const count = perName.of(wanted.name);
      if (count >= each) return false;
      if (!wanted.troubled) return true;
      const share = Math.max(1, Math.floor(forTroubled / Math.max(1, troubledNames.size + waiting())));
      return troubled < forTroubled && count < share;
    },
  };
}

/**
 * What waits: those that may have the next place, oldest first, and by name those that stand aside. Work that was
 * wanted before its name was known to be troubled stands apart, because less is in its way.
 */
function createLine() {
  const line: Waiter[] = [];
  const [aside, troubledAside] = [new Map<string, Waiter[]>(), new Map<string, Waiter[]>()];
  let size = 0;
  const asideOf = ({ troubled }: Waiter): Map<string, Waiter[]> => (troubled ? troubledAside : aside);
  function standAside(waiter: Waiter): void {
    const some = asideOf(waiter).get(waiter.name);
    if (some) insert(some, waiter);
    else asideOf(waiter).set(waiter.name, [waiter]);
  }
  function comeBack(from: Map<string, Waiter[]>, name: string): void {
    const some = from.get(name);
    const oldest = some?.shift();
    if (some?.length === 0) from.delete(name);
    if (oldest) insert(line, oldest);
  }
  /** The oldest of the name, which may have room now. */
  const comeBackOf = (name: string): void => [aside, troubledAside].forEach((from) => comeBack(from, name));
  return {
    size: (): number => size,
    waitsFor: (name: string): boolean => aside.has(name),
    add(waiter: Waiter): void {
      size++;
      // Behind those of its name that stand aside, or a newcomer would pass them.
      if (asideOf(waiter).has(waiter.name)) standAside(waiter);
      else insert(line, waiter);
    },
    /** The oldest. It is `admitted` or stands aside. */
    shift: (): Waiter | undefined => line.shift(),
    admitted: (): void => void size--,
    standAside,
    comeBackOf,
    comeBackTroubled: (): void => [...troubledAside.keys()].forEach((name) => comeBack(troubledAside, name)),
    troubledNames: (): number => troubledAside.size,
    /** Sends the youngest away if it is younger than this. Those that stand aside stay. */
    makeRoomFor({ since }: Wanted): boolean {
      const youngest = line.at(-1);
      if (!youngest || youngest.since <= since) return false;
      line.pop();
      size--;
      youngest.settle(undefined);
      return true;
    },
    remove(waiter: Waiter): void {
      const some = asideOf(waiter).get(waiter.name);
      if (!removeFrom(line, waiter) && !(some && removeFrom(some, waiter))) return;
      size--;
      if (some?.length === 0) asideOf(waiter).delete(waiter.name);
      // It may have been the one for which the others of its name stood aside.
      comeBackOf(waiter.name);
    },
  };
}

/** Behind all that are as old or older. Most work is newer than what waits, so it is looked for from the end. */
function insert(list: Waiter[], waiter: Waiter): void {
  let place = list.length;
  while (place > 0 && (list[place - 1]?.since ?? 0) > waiter.since) place--;
  list.splice(place, 0, waiter);
}

function removeFrom(list: Waiter[], waiter: Waiter): boolean {
  const place = list.indexOf(waiter);
  if (place >= 0) list.splice(place, 1);
  return place >= 0;
}
