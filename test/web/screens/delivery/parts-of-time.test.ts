import { describe, expect, it } from "vitest";
import { partsOf } from "../../../../web/src/screens/delivery/parts-of-time.js";

describe("the parts of an attempt's time", () => {
  it("follow one another and add up to the whole", () => {
    const parts = partsOf({ waited: 5, dns: 10, connect: 20, tls: 30, firstByte: 100, total: 104 });
    expect(parts).toEqual({ waited: 5, dns: 10, connect: 20, tls: 30, answer: 40, rest: 4 });
  });

  it("end with the step that failed", () => {
    expect(partsOf({ dns: 3, connect: 12, tls: 7 })).toEqual({
      waited: 0,
      dns: 3,
      connect: 12,
      tls: 7,
      answer: 0,
      rest: 0,
    });
  });

  it("count the wait for an answer that never came", () => {
    expect(partsOf({ total: 30_000 })).toMatchObject({ answer: 30_000, rest: 0 });
  });
});
