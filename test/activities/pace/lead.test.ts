import { expect, it } from "vitest";
import { createLead, LONGEST_LEAD_MS } from "../../../src/activities/pace/lead.js";

let now = 0;
const newLead = () => {
  now = 0;
  return createLead(() => now);
};

it("is a second while all come in time", () => {
  const lead = newLead();
  expect(lead.ms()).toBe(1_000);
  lead.came(-450);
  lead.came(0);
  expect(lead.ms()).toBe(1_000);
});

it("is more than the latest one was late, and falls to half of that in 20 s", () => {
  const lead = newLead();
  lead.came(2_000);
  expect(lead.ms()).toBe(3_500);
  // One in time does not hide that another one was late.
  lead.came(10);
  expect(lead.ms()).toBe(3_500);
  now = 20_000;
  expect(lead.ms()).toBe(2_250);
  lead.came(2_400);
  expect(lead.ms()).toBe(4_000);
});

it("has a bound, and forgets also one that was an hour late within two minutes", () => {
  const lead = newLead();
  lead.came(3_600_000);
  expect(lead.ms()).toBe(LONGEST_LEAD_MS);
  now = 120_000;
  expect(lead.ms()).toBeLessThan(1_200);
});
