import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createTurnstile, type Turnstile, type Place, type Wanted } from "../src/turnstile.js";

/** No wait of these tests ends by itself. */
const LONG = 3_600_000;

/** Works by name, each of which says when it has its place. */
function works(turnstile: Turnstile) {
  const entered: string[] = [];
  const places = new Map<string, Place>();
  const want = (work: string, wanted: Partial<Wanted> = {}): Promise<void> =>
    turnstile.enter({ name: work, since: 0, waitMs: LONG, ...wanted }).then((place) => {
      entered.push(place ? work : `${work} gave up`);
      if (place) places.set(work, place);
    });
  return { entered, want, leave: (work: string) => places.get(work)?.leave() };
}
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("places", () => {
  it("are given at once while there are some, and then to the oldest work first", async () => {
    let seen: number[] = [];
    const turnstile = createTurnstile({ most: 2, onChange: (...counts) => (seen = counts) });
    const { entered, want, leave } = works(turnstile);
    for (const [work, since] of [
      ["first", 9],
      ["second", 9],
      ["young", 3],
      ["old", 1],
      ["middle", 2],
    ] as const)
      void want(work, { since });
    await soon();
    expect(entered).toEqual(["first", "second"]);
    expect(seen).toEqual([2, 3]);
    for (const next of ["old", "middle", "young"]) {
      leave(entered.at(-1) ?? "");
      await soon();
      expect(entered.at(-1)).toBe(next);
    }
    expect(seen).toEqual([2, 0]);
    leave("young");
    leave("young");
    leave("first");
    expect(seen).toEqual([0, 0]);
  });

  it("of one name are bounded, and what waits for them keeps nobody else waiting", async () => {
    const { entered, want, leave } = works(createTurnstile({ most: 4, each: 2 }));
    for (const work of ["h1", "h2", "h3", "h4"]) void want(work, { name: "hangs", since: 1 });
    void want("a", { name: "a", since: 2 });
    void want("b", { name: "b", since: 2 });
    await soon();
    expect(entered).toEqual(["h1", "h2", "a", "b"]);
    void want("c", { name: "c", since: 3 });
    leave("a");
    await soon();
    expect(entered.at(-1)).toBe("c");
    leave("h1");
    await soon();
    expect(entered.at(-1)).toBe("h3");
    leave("h2");
    leave("h3");
    await soon();
    expect(entered.at(-1)).toBe("h4");
  });

  it("of troubled names are half of all at most, in equal shares, and each gets one", async () => {
    const { entered, want, leave } = works(createTurnstile({ most: 8, each: 8 }));
    const troubled = (work: string, name: string) => void want(work, { name, since: 1, troubled: true });
    for (let n = 0; n < 6; n++) troubled(`x${n}`, "x");
    await soon();
    // The first of them cannot know of others.
    expect(entered).toEqual(["x0", "x1", "x2", "x3"]);
    for (let n = 0; n < 4; n++) void want(`well${n}`, { name: "well", since: 2 });
    await soon();
    expect(entered).toHaveLength(8);
    troubled("y0", "y");
    leave("x0");
    await soon();
    // The other name comes next, although x has waited longer.
    expect(entered.slice(8)).toEqual(["y0"]);
    leave("x1");
    leave("x2");
    leave("x3");
    await soon();
    expect(entered.slice(9).sort()).toEqual(["x4", "x5"]);
  });

  it("are waited for until a time, until a signal, and by so many at most", async () => {
    const { entered, want, leave } = works(createTurnstile({ most: 1, mostWaiting: 2 }));
    const stop = new AbortController();
    await want("holder");
    const stopped = want("stopped", { signal: stop.signal });
    await want("impatient", { waitMs: 1 });
    void want("patient", { name: "p" });
    await want("too many");
    stop.abort();
    await stopped;
    await want("came too late", { signal: stop.signal });
    leave("holder");
    await soon();
    expect(entered).toEqual([
      "holder",
      "impatient gave up",
      "too many gave up",
      "stopped gave up",
      "came too late gave up",
      "patient",
    ]);
  });

  it("are kept for the oldest: of one more than may wait, the youngest waits no longer", async () => {
    const { entered, want, leave } = works(createTurnstile({ most: 1, mostWaiting: 2 }));
    await want("holder");
    void want("old", { since: 1 });
    void want("young", { since: 3 });
    void want("older", { since: 2 });
    await want("youngest", { since: 4 });
    leave("holder");
    await soon();
    leave("old");
    await soon();
    expect(entered).toEqual(["holder", "young gave up", "youngest gave up", "old", "older"]);
  });

  it("may be asked for without waiting, and nobody passes what waits for the same name", async () => {
    const turnstile = createTurnstile({ most: 2, each: 1 });
    const { entered, want } = works(turnstile);
    const place = turnstile.tryEnter("a");
    expect(place).toBeDefined();
    expect(turnstile.tryEnter("a")).toBeUndefined();
    void want("waits", { name: "a" });
    expect(turnstile.tryEnter("b")).toBeDefined();
    expect(turnstile.tryEnter("c")).toBeUndefined();
    place?.leave();
    expect(turnstile.tryEnter("a")).toBeUndefined();
    await soon();
    expect(entered).toEqual(["waits"]);
  });
});

const step = fc.oneof(
  fc.record({
    does: fc.constant("enter" as const),
    name: fc.constantFrom("a", "b", "c", "d"),
    since: fc.nat(5),
    troubled: fc.boolean(),
  }),
  fc.record({ does: fc.constant("try" as const), name: fc.constantFrom("a", "b", "c") }),
  fc.record({ does: fc.constant("leave" as const), which: fc.nat() }),
  fc.record({ does: fc.constant("abort" as const), which: fc.nat() }),
);

it("in any order no bound is broken, and in the end everyone who waited had a place", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 3 }),
      fc.array(step),
      async (most, each, steps) => {
        let counts = [0, 0];
        const turnstile = createTurnstile({ most, each, onChange: (...now) => (counts = now) });
        const held: { name: string; place: Place }[] = [];
        const waiting: AbortController[] = [];
        let open = 0;
        const hold = (name: string, place: Place | undefined): void => void (place && held.push({ name, place }));
        const leaveOne = (which: number): void => held.splice(which % Math.max(1, held.length), 1)[0]?.place.leave();
        for (const one of steps) {
          if (one.does === "enter") {
            const stop = new AbortController();
            waiting.push(stop);
            open++;
            void turnstile.enter({ ...one, waitMs: LONG, signal: stop.signal }).then((place) => {
              open--;
              hold(one.name, place);
            });
          } else if (one.does === "try") hold(one.name, turnstile.tryEnter(one.name));
          else if (one.does === "leave") leaveOne(one.which);
          else waiting[one.which % Math.max(1, waiting.length)]?.abort();
          await soon();
          expect(counts).toEqual([held.length, open]);
          expect(held.length).toBeLessThanOrEqual(most);
          for (const name of ["a", "b", "c", "d"])
            expect(held.filter((place) => place.name === name).length).toBeLessThanOrEqual(each);
        }
        for (let n = 0; n < 2 * steps.length + most && (open > 0 || held.length > 0); n++) {
          leaveOne(0);
          await soon();
        }
        expect([open, held.length, ...counts]).toEqual([0, 0, 0, 0]);
      },
    ),
    { numRuns: 300 },
  );
});
