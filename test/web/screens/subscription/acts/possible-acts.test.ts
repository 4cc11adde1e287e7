import { expect, test } from "vitest";
import { ACTS } from "../../../../../src/api/access/access.js";
import { SUBSCRIPTION_STATUSES, type Subscription } from "../../../../../src/store/model.js";
import { LIFE, LIFE_ACTS, possibleActs } from "../../../../../src/store/subscription-life.js";
import {
  isInService,
  isPossible,
  nextStep,
  STEPS,
  stepsFor,
} from "../../../../../web/src/screens/subscription/acts/possible-acts.js";

const ROLES = ["admin", "provider", "consumer", "operator", "auditor"] as const;
const MARKS = [
  {},
  { needsVerification: true as const },
  { requestedEventTypes: ["a.b"] },
  { needsVerification: true as const, requestedEventTypes: ["a.b"] },
];
const CASES = SUBSCRIPTION_STATUSES.flatMap((status) => MARKS.map((marks) => ({ status, ...marks })));

const stored = (known: (typeof CASES)[number]): Subscription => ({
  id: "sub_1",
  groupId: "grp_1",
  url: "https://acme.example",
  eventTypes: ["a.a"],
  secrets: [],
  createdAt: new Date(0),
  updatedAt: new Date(0),
  ...known,
});
/** Steps that the service allows and that change nothing. */
const IDLE = [
  ["active", "resume"],
  ["paused", "pause"],
  ["suspended", "suspend"],
].map(String);

test.each(CASES)("the steps of %o are those of the service", (known) => {
  const allowed = possibleActs(stored(known)).filter((act) => !IDLE.includes(String([known.status, act])));
  for (const step of STEPS) {
    if (step === "test") expect(isPossible(step, known), step).toBe(LIFE[known.status].test !== "none");
    else expect(isPossible(step, known), step).toBe(allowed.includes(step));
  }
  expect(isInService(known.status)).toBe(LIFE[known.status].routing !== "none");
});

test.each(ROLES)("%s is offered what the API lets the role do", (role) => {
  for (const known of CASES) {
    const offered = stepsFor(role, known);
    const mine = STEPS.filter((step) => {
      const act = step === "test" ? "subscriptions:run" : LIFE_ACTS[step];
      return (ACTS[act] as readonly string[]).includes(role) && isPossible(step, known);
    });
    expect(offered).toEqual(mine);
  }
});

test("the step that leads on stands out", () => {
  const leads = (known: (typeof CASES)[number], role: (typeof ROLES)[number]) => nextStep(stepsFor(role, known), known);
  expect(leads({ status: "draft" }, "consumer")).toBe("verify");
  expect(leads({ status: "verified" }, "consumer")).toBe("submit");
  expect(leads({ status: "submitted" }, "consumer")).toBeUndefined();
  expect(leads({ status: "submitted" }, "provider")).toBe("approve");
  expect(leads({ status: "approved" }, "consumer")).toBe("resume");
  expect(leads({ status: "paused", needsVerification: true }, "consumer")).toBe("verify");
  expect(leads({ status: "active" }, "consumer")).toBeUndefined();
});
