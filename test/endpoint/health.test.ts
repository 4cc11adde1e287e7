import { beforeEach, describe, expect, it } from "vitest";
import { createEndpointHealth, type EndpointHealth } from "../../src/endpoint/health.js";

let time: number;
/**
 * What had arrived by then was read. Undefined means that the event loop is well, so that everything that has arrived
 * by now was read.
 */
let readUntil: number | undefined;
let health: EndpointHealth;
beforeEach(() => {
  time = 1_000_000;
  readUntil = undefined;
  health = createEndpointHealth({ now: () => time, attended: () => time, readUntil: () => readUntil ?? time });
});
const verdict = (id = "sub_1") => health.verdict(id);
/** A request that has left and has no answer yet. */
const sent = (id = "sub_1") => {
  const attempt = health.begin(id);
  attempt.left();
  return attempt;
};
const answeredAfter = (ms: number, id = "sub_1") => {
  const attempt = sent(id);
  time += ms;
  attempt.answered();
  attempt.end("well");
};

describe("the health of an endpoint", () => {
  it("is prompt at first, and after a failure failing for half a minute or until it answers", () => {
    expect(verdict()).toBe("prompt");
    sent().end("failed");
    expect(verdict()).toBe("failing");
    expect(verdict("sub_2")).toBe("prompt");
    time += 30_000;
    expect(verdict()).toBe("prompt");
    sent().end("failed");
    sent().end("well");
    expect(verdict()).toBe("prompt");
  });

  it("is slow while a request takes longer than two seconds, and half a minute beyond", () => {
    const request = sent();
    time += 2_000;
    expect(verdict()).toBe("prompt");
    time += 1;
    expect(verdict()).toBe("slow");
    request.answered();
    request.end("well");
    expect(verdict()).toBe("slow");
    time += 30_001;
    expect(verdict()).toBe("prompt");
  });

  it("is quick as long as it usually answers within a quarter of a second", () => {
    expect(health.isQuick("sub_1")).toBe(true);
    answeredAfter(10);
    // One answer that took long is no habit.
    answeredAfter(1_900);
    expect(health.isQuick("sub_1")).toBe(true);
    answeredAfter(1_900);
    expect([verdict(), health.isQuick("sub_1")]).toEqual(["prompt", false]);
    for (let answers = 0; answers < 16; answers++) answeredAfter(10);
    expect(health.isQuick("sub_1")).toBe(true);
    sent().end("failed");
    expect(health.isQuick("sub_1")).toBe(false);
  });

  it("is prompt again after one quick answer", () => {
    answeredAfter(5_000);
    expect(verdict()).toBe("slow");
    answeredAfter(10);
    expect(verdict()).toBe("prompt");
  });

  it("looks at the oldest request under way, whichever ends first", () => {
    const first = sent();
    time += 1_500;
    const second = sent();
    time += 600;
    expect(verdict()).toBe("slow");
    second.answered();
    second.end("well");
    expect(verdict()).toBe("slow");
    first.end("failed");
    expect(verdict()).toBe("failing");
  });

  it("does not count what comes before the request leaves, nor what comes after the answer has begun", () => {
    const attempt = health.begin("sub_1");
    time += 10_000;
    expect(verdict()).toBe("prompt");
    attempt.left();
    time += 100;
    attempt.answered();
    time += 10_000;
    expect(verdict()).toBe("prompt");
    attempt.end("well");
    expect(verdict()).toBe("prompt");
  });

  it("counts each request of an attempt for itself, as after a refused access token", () => {
    const attempt = sent();
    time += 1_500;
    attempt.answered();
    attempt.left();
    time += 1_500;
    expect(verdict()).toBe("prompt");
    attempt.answered();
    attempt.end("well");
    expect(verdict()).toBe("prompt");
  });

  it("learns nothing from an attempt that failed on our side", () => {
    answeredAfter(5_000);
    health.begin("sub_1").end("ours");
    expect(verdict()).toBe("slow");
    sent("sub_2").end("failed");
    health.begin("sub_2").end("ours");
    expect(verdict("sub_2")).toBe("failing");
    health.begin("sub_3").end("ours");
    expect(verdict("sub_3")).toBe("prompt");
  });
});

describe("an event loop that does not come to read", () => {
  it("makes no endpoint slow, whether its answer was read in the end or not", () => {
    const attempt = sent();
    readUntil = time + 10;
    time += 10_000;
    expect(verdict()).toBe("prompt");
    attempt.answered();
    attempt.end("well");
    expect(verdict()).toBe("prompt");
  });

  it("does not excuse an endpoint that had not answered when the loop last read", () => {
    const attempt = sent();
    readUntil = time + 2_001;
    time += 10_000;
    expect(verdict()).toBe("slow");
    attempt.answered();
    attempt.end("well");
    expect(verdict()).toBe("slow");
  });
});

describe("the share of endpoints called slow", () => {
  const ids = (count: number) => Array.from({ length: count }, (_, index) => `sub_${index}`);
  const slowOf = (all: string[]) => all.filter((id) => verdict(id) === "slow");

  it.each([
    [1, 1],
    [2, 1],
    [3, 1],
    [4, 2],
    [900, 450],
  ])("of %i that look slow at once is %i", (count, most) => {
    const all = ids(count);
    const attempts = all.map((id) => sent(id));
    time += 3_000;
    const slow = slowOf(all);
    expect(slow).toHaveLength(most);
    // The same ones, however often anyone asks and also once their answers have come.
    for (const attempt of attempts) {
      attempt.answered();
      attempt.end("well");
    }
    expect(slowOf(all)).toEqual(slow);
    time += 30_001;
    expect(slowOf(all)).toEqual([]);
  });

  it("leaves room for others as soon as one of them answers quickly", () => {
    const all = ids(4);
    for (const id of all) answeredAfter(3_000, id);
    expect(slowOf(all)).toEqual(["sub_0", "sub_1"]);
    answeredAfter(1, "sub_0");
    time += 1_000;
    expect(slowOf(all)).toEqual(["sub_1", "sub_2"]);
  });

  it("counts only endpoints that were used within half a minute", () => {
    for (const id of ids(100)) answeredAfter(1, `quiet_${id}`);
    time += 31_000;
    const all = ids(10);
    for (let round = 0; round < 10; round++) for (const id of all) answeredAfter(1, id);
    for (const id of all) sent(id);
    time += 3_000;
    expect(slowOf(all)).toHaveLength(5);
  });

  it("does not let a slow endpoint make others failing, nor a failing one others slow", () => {
    for (const id of ids(4)) sent(id).end("failed");
    expect(ids(4).map((id) => verdict(id))).toEqual(Array(4).fill("failing"));
    answeredAfter(3_000, "sub_9");
    expect(verdict("sub_9")).toBe("slow");
  });
});
