import { describe, expect, it, vi } from "vitest";
import type { Slot, TakeOptions } from "../../../src/activities/pace/slot.js";
import { bucket, lease, newLine, RATE, setUpPaceLine, START, take } from "./pace-line-setup.js";

setUpPaceLine();

const reserved = (at: number, epoch = 1): TakeOptions => ({ maxWaitMs: 500, reservations: [{ at, epoch }] });

describe("a reservation", () => {
  it("is redeemed without a message for 2 s after the bucket spoke, and then the bucket is asked again", async () => {
    const line = newLine();
    await take(line);
    expect(bucket.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1_999);
    const at = Date.now() + 100;
    expect(await take(line, 1, reserved(at))).toEqual([{ kind: "start", at, until: at + 100, epoch: 1 }]);
    expect(bucket.asked).toHaveLength(1);
    // 2,001 ms after the answer what it said may be out of date.
    await vi.advanceTimersByTimeAsync(START + 2_001 - Date.now() + 1);
    const later = Date.now() + 100;
    expect(await take(line, 1, reserved(later))).toEqual([{ kind: "start", at: later, until: later + 100, epoch: 1 }]);
    expect(bucket.asked.map(({ count }) => count)).toEqual([1, 0]);
  });

  it("counts up to its tolerance, and is replaced when it was missed or is of another epoch", async () => {
    const line = newLine();
    await take(line);
    const now = Date.now();
    expect(await take(line, 1, reserved(now - 100), 0)).toEqual([
      { kind: "start", at: now - 100, until: now, epoch: 1 },
    ]);
    bucket.answer = () => lease([now + 300]);
    for (const [index, options] of [reserved(now - 101), reserved(now + 50, 2)].entries()) {
      const [slot] = await take(line, 1, options, 300);
      expect(slot, `case ${index}`).toMatchObject({ at: now + 300 });
      expect(bucket.asked.at(-1)?.count).toBe(1);
    }
  });

  it("further away than the caller waits comes back, a second before its slot", async () => {
    const line = newLine();
    await take(line);
    const now = Date.now();
    expect(await take(line, 1, reserved(now + 500), 0)).toMatchObject([{ kind: "start", at: now + 500 }]);
    expect(await take(line, 1, reserved(now + 501), 0)).toEqual([
      { kind: "later", dueAt: now, reservation: { at: now + 501, epoch: 1, leadMs: 1_000 } },
    ]);
    expect(await take(line, 1, reserved(now + 9_000), 0)).toEqual([
      { kind: "later", dueAt: now + 8_000, reservation: { at: now + 9_000, epoch: 1, leadMs: 1_000 } },
    ]);
  });

  it("is handed back when the engine does not answer", async () => {
    const line = newLine();
    bucket.answer = () => Promise.reject(new Error("no engine"));
    const { dueAt, ...slot } = (await take(line, 1, reserved(START + 60_000)))[0] as Extract<Slot, { kind: "later" }>;
    expect(slot).toEqual({ kind: "later", reservation: { at: START + 60_000, epoch: 1 } });
    expect(dueAt).toBe(START + 5_000);
    expect(bucket.troubles).toBe(1);
  });
});

describe("messages", () => {
  it("gather the demands of one turn, and come no sooner than the bucket allowed", async () => {
    const line = newLine();
    const taken = Promise.all([line.take(2, { maxWaitMs: 5_000 }), line.take(1, { maxWaitMs: 5_000 })]);
    await vi.advanceTimersByTimeAsync(1);
    await taken;
    expect(bucket.asked).toMatchObject([{ count: 3, expect: 3, rate: RATE, rateAsOf: 1 }]);
    const next = line.take(1, { maxWaitMs: 5_000 });
    await vi.advanceTimersByTimeAsync(248);
    expect(bucket.asked).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2);
    await next;
    expect(bucket.asked).toHaveLength(2);
  });

  it("are not waited for by whoever has less time", async () => {
    const line = newLine();
    bucket.answer = () => lease([START], { nextLeaseInMs: 3_000 });
    await take(line);
    expect(await take(line, 1, { maxWaitMs: 1_000 }, 0)).toEqual([{ kind: "later", dueAt: START + 3_000 }]);
    const patient = line.take(1, { maxWaitMs: 3_000 });
    bucket.answer = () => lease([START + 3_000]);
    await vi.advanceTimersByTimeAsync(3_000);
    expect(await patient).toMatchObject([{ kind: "start" }]);
  });

  it("expect what was asked for within the last second", async () => {
    const line = newLine();
    await take(line, 4, { maxWaitMs: 10_000 });
    await vi.advanceTimersByTimeAsync(999);
    await take(line, 1, { maxWaitMs: 10_000 });
    await vi.advanceTimersByTimeAsync(2_000);
    await take(line, 1, { maxWaitMs: 10_000 });
    expect(bucket.asked.map((request) => request.expect)).toEqual([4, 1, 1]);
  });
});

describe("spare tokens", () => {
  it("serve without a message until they end, and one request each", async () => {
    const line = newLine();
    bucket.answer = ({ count }) =>
      lease(
        Array.from({ length: count }, () => Date.now()),
        { spare: { count: 2, until: START + 1_000 } },
      );
    await take(line);
    const at = Date.now();
    expect(await take(line, 2, { maxWaitMs: 0 }, 0)).toEqual(
      [1, 2].map(() => ({ kind: "start", at, until: START + 1_000, epoch: 1 })),
    );
    expect(bucket.asked).toHaveLength(1);
    bucket.answer = ({ count }) =>
      lease(
        Array.from({ length: count }, () => Date.now()),
        { spare: { count: 1, until: Date.now() + 1_000 } },
      );
    await take(line, 1, { maxWaitMs: 1_000 }, 300);
    expect(bucket.asked).toHaveLength(2);
    const until = bucket.asked.length;
    await vi.advanceTimersByTimeAsync(1_000);
    await take(line, 1, { maxWaitMs: 1_000 }, 1);
    expect(bucket.asked).toHaveLength(until + 1);
  });

  it("end with the epoch they belong to", async () => {
    const line = newLine();
    bucket.answer = () => lease([START], { spare: { count: 3, until: START + 60_000 } });
    await take(line);
    // One more than there are: the bucket is asked, and has begun another epoch meanwhile.
    bucket.answer = ({ count }) =>
      lease(
        Array.from({ length: count }, () => Date.now()),
        { epoch: 2 },
      );
    const now = Date.now();
    const slots = line.take(1, reserved(now + 90_000, 9));
    const [first] = await slots;
    expect(first).toMatchObject({ kind: "start", epoch: 1 });
    const more = line.take(3, { maxWaitMs: 1_000 });
    await vi.advanceTimersByTimeAsync(300);
    expect((await more).map((slot) => slot.kind === "start" && slot.epoch)).toEqual([1, 1, 2]);
    expect(first?.kind === "start" && line.holds(first)).toBe(false);
    // Nothing is left of the spares before: the next one is asked for.
    const messages = bucket.asked.length;
    await take(line, 1, { maxWaitMs: 1_000 }, 300);
    expect(bucket.asked).toHaveLength(messages + 1);
  });
});

describe("holds", () => {
  it("from the slot to the end of its tolerance, in the bucket's epoch", async () => {
    const line = newLine();
    await take(line);
    const now = Date.now();
    const start = { kind: "start", at: now, until: now, epoch: 1 } as const;
    expect(line.holds(start)).toBe(true);
    expect(line.holds({ ...start, at: now + 1, until: now + 9 })).toBe(false);
    expect(line.holds({ ...start, at: now - 9, until: now - 1 })).toBe(false);
    expect(line.holds({ ...start, epoch: 2 })).toBe(false);
  });

  it(
    "nothing of the rate before, once a newer one is known; the same rate or an older one changes " + "nothing",
    async () => {
      const line = newLine(5);
      await take(line);
      const start = { kind: "start", at: START, until: START + 60_000, epoch: 1 } as const;
      line.configure({ perSecond: 9, burst: 9 }, 4);
      line.configure({ perSecond: 9, burst: 9 }, 5);
      line.configure({ ...RATE }, 6);
      expect(line.holds(start)).toBe(true);
      line.configure({ perSecond: 9, burst: 9 }, 7);
      expect(line.holds(start)).toBe(false);
      await take(line, 1, { maxWaitMs: 1_000 }, 300);
      expect(bucket.asked.at(-1)).toMatchObject({ rate: { perSecond: 9, burst: 9 }, rateAsOf: 7 });
    },
  );

  it("not what a lease under way brings for a rate that changed meanwhile: it is asked for again", async () => {
    const line = newLine();
    let give = (): void => undefined;
    bucket.answer = () => new Promise((resolve) => (give = () => resolve(lease([START], { epoch: 1 }))));
    const taken = line.take(1, { maxWaitMs: 5_000 });
    await vi.advanceTimersByTimeAsync(1);
    line.configure({ perSecond: 2, burst: 1 }, 2);
    bucket.answer = () => lease([Date.now()], { epoch: 2 });
    give();
    await vi.advanceTimersByTimeAsync(300);
    expect(await taken).toMatchObject([{ kind: "start", epoch: 2 }]);
    expect(bucket.asked.map(({ rateAsOf }) => rateAsOf)).toEqual([1, 2]);
  });
});

it("gives all who wait a `later` when it closes, and whoever comes then", async () => {
  const line = newLine();
  bucket.answer = () => new Promise(() => undefined);
  const waiting = line.take(2, { maxWaitMs: 60_000 });
  await vi.advanceTimersByTimeAsync(0);
  line.close();
  const later = { kind: "later", dueAt: START + 5_000 };
  expect(await waiting).toEqual([later, later]);
  expect(await take(line, 1, { maxWaitMs: 60_000 }, 0)).toEqual([later]);
});

describe("a clock that jumps", () => {
  const MINUTES = 60_000;

  it("here alone: slots of the bucket start as far ahead as it meant them to", async () => {
    const line = newLine();
    // Our clock is ten minutes ahead of the bucket's, in whose time it answers.
    bucket.answer = ({ count }) => {
      const theirs = Date.now() - 10 * MINUTES;
      return lease(
        Array.from({ length: count }, (_, index) => theirs + index * 1_000),
        { asOf: theirs, pausedUntil: 0 },
      );
    };
    const [first, second] = await take(line, 2);
    expect(first).toEqual({ kind: "start", at: START, until: START + 100, epoch: 1 });
    expect(line.holds({ kind: "start", at: START, until: START + 100, epoch: 1 })).toBe(true);
    // Due by our clock. The reservation is the bucket's time and goes back to it as it was.
    expect(second).toEqual({
      kind: "later",
      dueAt: START,
      reservation: { at: START - 10 * MINUTES + 1_000, epoch: 1, leadMs: 1_000 },
    });
    await vi.advanceTimersByTimeAsync(500);
    expect(await take(line, 1, reserved(START - 10 * MINUTES + 1_000))).toEqual([
      { kind: "start", at: START + 1_000, until: START + 1_100, epoch: 1 },
    ]);
  });

  it("here and back does not keep the bucket from being asked", async () => {
    const line = newLine();
    vi.setSystemTime(START + 10 * MINUTES);
    await take(line);
    vi.setSystemTime(START + 1_000);
    await take(line, 1, { maxWaitMs: 500 }, 300);
    expect(bucket.asked).toHaveLength(2);
  });

  it("ordinary differences of clocks count as none", async () => {
    const line = newLine();
    bucket.answer = () => lease([Date.now() + 100], { asOf: Date.now() - 4_000 });
    expect(await take(line)).toEqual([{ kind: "start", at: START + 100, until: START + 200, epoch: 1 }]);
  });
});
