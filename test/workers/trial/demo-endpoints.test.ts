import { describe, expect, it } from "vitest";
import { DEMO_RECEIVER, REFUSED_EVERY, TROUBLED_ENDPOINTS } from "../../../src/workers/trial/demo-endpoints.js";
import { orderOf } from "../../../src/workers/trial/demo-traffic.js";

const at = (minute: number): number => Date.parse("2026-11-26T10:00:00.000Z") + minute * 60_000;
const bodyOf = (number: number): Uint8Array => orderOf(number).body;
const named = (path: string) => TROUBLED_ENDPOINTS.find((endpoint) => endpoint.path === path);

describe("the endpoints of the demo", () => {
  it("are one that takes everything", () => {
    for (let number = 1; number <= 10; number++)
      expect(DEMO_RECEIVER.answer(bodyOf(number), at(number), 1)).toEqual({ status: 204 });
  });

  it("one that refuses every fifth order at its first attempt, and nothing else", () => {
    const answersTo = (attempt: number) =>
      Array.from({ length: 10 }, (_, index) =>
        named("/refuses-every-fifth")?.answer(bodyOf(index + 1), at(0), attempt),
      );
    const answers = answersTo(1);
    expect(answersTo(2).map((answer) => answer?.status)).toEqual(Array.from({ length: 10 }, () => 204));
    expect(answers.map((answer) => answer?.status)).toEqual([204, 204, 204, 204, 422, 204, 204, 204, 204, 422]);
    expect(answers[REFUSED_EVERY - 1]?.body).toEqual({ error: "The field `vatId` is missing." });
    for (const body of ["", "5", "null", "[]", '{"number":"5"}'])
      expect(named("/refuses-every-fifth")?.answer(Buffer.from(body), at(0), 1)).toEqual({ status: 204 });
  });

  it("and one that is down for one minute in ten", () => {
    const statuses = Array.from(
      { length: 20 },
      (_, minute) => named("/down-now-and-then")?.answer(bodyOf(1), at(minute), 1).status,
    );
    expect(statuses.filter((status) => status === 503)).toHaveLength(2);
    expect(statuses.lastIndexOf(503) - statuses.indexOf(503)).toBe(10);
  });

  it("have ids of their own, in the form that the API asks for", () => {
    const ids = [DEMO_RECEIVER, ...TROUBLED_ENDPOINTS].map(({ subscriptionId }) => subscriptionId);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^sub_[0-9A-HJKMNP-TV-Z]{26}$/);
  });
});
