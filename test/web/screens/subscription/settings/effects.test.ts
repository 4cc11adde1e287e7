import { expect, test } from "vitest";
import type { SubscriptionChange } from "../../../../../web/src/screens/subscription/settings/form.js";
import { effectsOf } from "../../../../../web/src/screens/subscription/settings/effects.js";

const now = { url: "https://acme.example/hooks", eventTypes: ["a.a"] };
const consumer = { role: "consumer", isAutomatic: (name: string) => name.startsWith("free.") } as const;
const moved = { url: "https://acme.example/other" };
const further = { eventTypes: ["a.a", "a.b"] };

test.each([
  ["active", moved, ["heldUntilVerified"]],
  ["active", further, ["typesWait"]],
  ["active", { ...moved, ...further }, ["heldUntilVerified", "typesWait"]],
  ["active", { eventTypes: ["a.a", "free.b"] }, ["atOnce"]],
  ["active", { eventTypes: [] }, ["atOnce"]],
  ["paused", moved, ["heldUntilVerified"]],
  ["suspended", further, ["typesWait"]],
  ["draft", moved, ["atOnce"]],
  ["draft", further, ["atOnce"]],
  ["verified", moved, ["verifyAgain"]],
  ["verified", further, ["atOnce"]],
  ["submitted", further, ["submitAgain"]],
  ["approved", further, ["submitAgain"]],
  ["approved", moved, ["verifyAgain"]],
  ["rejected", { filter: null }, ["draftAgain"]],
  ["rejected", { name: "Ledger" }, ["atOnce"]],
  ["rejected", { language: "de" }, ["atOnce"]],
  ["active", {}, ["atOnce"]],
] as const)("a consumer's change of a subscription that is %s: %o", (status, change, effects) => {
  expect(effectsOf({ status, ...now }, structuredClone(change) as SubscriptionChange, consumer)).toEqual(effects);
});

test("the same URL written in another way is no new endpoint", () => {
  const change = { url: "HTTPS://ACME.example:443/hooks" };
  expect(effectsOf({ status: "active", ...now }, change, consumer)).toEqual(["atOnce"]);
});

test("what a provider sets takes effect at once", () => {
  const provider = { role: "provider", isAutomatic: () => false } as const;
  expect(effectsOf({ status: "active", ...now }, moved, provider)).toEqual(["atOnce"]);
});
