import { expect, test } from "vitest";
import { createGatherer, OTHER_TYPES } from "../../../src/store/stats/gatherer.js";

const NOW = Date.parse("2026-11-26T10:00:30Z");
const MINUTE = 60_000;
const delivery = (eventType = "a.b") => ({ subscriptionId: "sub_1", apiId: "api_1", eventType });
const attempt = (at: number) => ({ at: new Date(at), outcome: "delivered", status: 200, durationMs: 10 });

test("a record counts for the subscription and for the api, in the minute in which the attempt ended", () => {
  const gatherer = createGatherer();
  gatherer.count({ delivery: delivery(), status: "delivered", attempt: attempt(NOW - 5 * MINUTE) }, NOW);
  const cells = gatherer.dirty();
  expect(cells.map(({ documentId }) => documentId.split("/").slice(0, 3).join("/"))).toEqual([
    "sub/sub_1/m",
    "api/api_1/m",
  ]);
  expect(cells[0]?.minute).toBe(NOW - 5 * MINUTE - 30_000);
  expect(cells[0]?.text).toBe("ddelivered=1 adelivered=1 s200=1 h12=1");
  expect(cells[0]?.field).toMatch(/^55\.a~b\.[0-9a-z]+$/);
});

test("what a wrong clock says is counted now", () => {
  for (const at of [NOW + 10 * MINUTE, NOW - 3 * 60 * MINUTE]) {
    const gatherer = createGatherer();
    gatherer.count({ delivery: delivery(), attempt: attempt(at) }, NOW);
    expect(gatherer.dirty()[0]?.minute).toBe(NOW - 30_000);
  }
});

test("what is counted during a write is written with the next one, and a repeated write is the same", () => {
  const gatherer = createGatherer();
  gatherer.count({ delivery: delivery(), status: "parked" }, NOW);
  const first = gatherer.dirty();
  expect(gatherer.dirty()).toEqual(first);
  gatherer.count({ delivery: delivery(), status: "parked" }, NOW);
  gatherer.written(first, NOW);
  const [second] = gatherer.dirty();
  expect(second).toMatchObject({ field: first[0]?.field, text: "dparked=2" });
  gatherer.written(gatherer.dirty(), NOW);
  expect([gatherer.waiting, gatherer.dirty().length]).toEqual([0, 0]);
});

test("what comes for a minute that was written and forgotten does not overwrite it", () => {
  const gatherer = createGatherer();
  gatherer.count({ delivery: delivery(), attempt: attempt(NOW) }, NOW + 1_000);
  const first = gatherer.dirty();
  gatherer.written(first, NOW + 10 * MINUTE);
  gatherer.count({ delivery: delivery(), attempt: attempt(NOW) }, NOW + 10 * MINUTE);
  const second = gatherer.dirty();
  expect(second[0]?.documentId).toBe(first[0]?.documentId);
  expect(second[0]?.field).not.toBe(first[0]?.field);
});

test("memory is bounded: types beyond the most are one, and what finds no room is known to be lost", () => {
  const gatherer = createGatherer({ most: 300 });
  for (let type = 0; type < 500; type++) gatherer.count({ delivery: delivery(`t${type}`), status: "parked" }, NOW);
  expect(gatherer.dirty().length).toBe(300);
  expect(gatherer.lost).toBeGreaterThan(0);
  const roomy = createGatherer();
  for (let type = 0; type < 500; type++) roomy.count({ delivery: delivery(`t${type}`), status: "parked" }, NOW);
  expect(
    roomy
      .dirty()
      .filter(({ field }) => field.includes(`.${OTHER_TYPES}.`))
      .map(({ text }) => text),
  ).toEqual(["dparked=300", "dparked=300"]);
  expect(roomy.lost).toBe(0);
});
