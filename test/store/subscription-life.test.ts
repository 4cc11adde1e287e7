import { describe, expect, it } from "vitest";
import { ACTS, mayAct } from "../../src/api/access/access.js";
import { ROLES, type Subscription, SUBSCRIPTION_STATUSES, type SubscriptionStatus } from "../../src/store/model.js";
import { LIFE, LIFE_ACTS, type LifeAct, possibleActs, takeStep } from "../../src/store/subscription-life.js";

const at = new Date("2026-11-25T10:00:00Z");
const subscription = (status: SubscriptionStatus, fields: Partial<Subscription> = {}): Subscription => ({
  id: "sub_1",
  groupId: "grp_1",
  url: "https://example.com/hook",
  eventTypes: ["a.b"],
  secrets: [],
  status,
  createdAt: at,
  updatedAt: at,
  ...fields,
});
const acts = Object.keys(LIFE_ACTS) as LifeAct[];
const after = (given: Subscription, ...steps: LifeAct[]): Subscription =>
  steps.reduce((current, act) => {
    const step = takeStep(current, act, { by: "key:1", at });
    if (!step.ok) throw new Error(`${current.status} does not allow ${act}`);
    return step.subscription;
  }, given);

/** The whole table, written out once more: status -> act -> status. What is not named is refused. */
const EXPECTED: Record<SubscriptionStatus, Partial<Record<LifeAct, SubscriptionStatus>>> = {
  draft: { verify: "verified", revise: "draft", unverify: "draft" },
  verified: { verify: "verified", submit: "submitted", revise: "verified", unverify: "draft" },
  submitted: { approve: "approved", reject: "rejected", revise: "verified", unverify: "draft" },
  approved: { reject: "rejected", resume: "active", revise: "verified", unverify: "draft" },
  rejected: { revise: "draft", unverify: "draft" },
  active: {
    verify: "active",
    pause: "paused",
    resume: "active",
    suspend: "suspended",
    revise: "active",
    unverify: "paused",
    disable: "disabled",
  },
  paused: {
    verify: "paused",
    pause: "paused",
    resume: "active",
    suspend: "suspended",
    revise: "paused",
    unverify: "paused",
  },
  suspended: {
    verify: "suspended",
    suspend: "suspended",
    reinstate: "paused",
    revise: "suspended",
    unverify: "suspended",
  },
  disabled: { verify: "disabled", resume: "active", suspend: "suspended", revise: "disabled", unverify: "disabled" },
};

describe.each(SUBSCRIPTION_STATUSES)("%s", (status) => {
  it.each(acts)("%s", (act) => {
    const given = subscription(status);
    const step = takeStep(given, act, { by: "key:1", reason: "because", at });
    const to = EXPECTED[status][act];
    expect(possibleActs(given).includes(act)).toBe(to !== undefined);
    if (to === undefined) return expect(step).toEqual({ ok: false });
    expect(step).toMatchObject({ ok: true, subscription: { status: to } });
    if (step.ok && to !== status)
      expect(step.subscription).toMatchObject({
        statusAt: at,
        statusReason: "because",
        history: [{ from: status, to, at, by: "key:1", reason: "because" }],
      });
    else if (step.ok) expect(step.subscription.history).toBeUndefined();
    expect(given).toEqual(subscription(status));
  });
});

it("a subscription in service never falls back to where no deliveries are made", () => {
  for (const status of SUBSCRIPTION_STATUSES.filter((each) => LIFE[each].routing !== "none")) {
    for (const act of acts) {
      const step = takeStep(
        subscription(status, { requestedEventTypes: ["a.b", "c.d"], statusBefore: "active" }),
        act,
        { by: "x", at },
      );
      if (step.ok) expect(LIFE[step.subscription.status].routing).not.toBe("none");
    }
  }
});

it("only what is active sends, and only the provider's side decides", () => {
  expect(SUBSCRIPTION_STATUSES.filter((each) => LIFE[each].routing === "sent")).toEqual(["active"]);
  expect(SUBSCRIPTION_STATUSES.filter((each) => LIFE[each].routing === "none")).toEqual([
    "draft",
    "verified",
    "submitted",
    "approved",
    "rejected",
  ]);
  for (const role of ROLES) {
    for (const act of acts) {
      const named = LIFE_ACTS[act];
      const may = named !== "service" && mayAct({ role }, named);
      const decides = ["approve", "reject", "suspend", "reinstate"].includes(act);
      const runs = ["pause", "resume"].includes(act);
      const expected =
        act === "disable"
          ? []
          : decides
            ? ["admin", "provider"]
            : runs
              ? ["admin", "provider", "consumer", "operator"]
              : ["admin", "provider", "consumer"];
      expect([role, act, may]).toEqual([role, act, expected.includes(role)]);
      if (named !== "service") expect(ACTS).toHaveProperty([named]);
    }
  }
});

describe("a new endpoint in service", () => {
  it("is held until it is verified, and then goes on", () => {
    const held = after(subscription("active", { verifiedAt: at }), "unverify");
    expect(held).toMatchObject({
      status: "paused",
      needsVerification: true,
      statusReason: "The endpoint was changed: verify it.",
    });
    expect(held.verifiedAt).toBeUndefined();
    expect(takeStep(held, "resume", { by: "x", at })).toEqual({ ok: false });
    const verified = after(held, "verify");
    expect(verified).toMatchObject({ status: "active", verifiedAt: at });
    expect(verified).not.toHaveProperty("needsVerification");
    expect(verified).not.toHaveProperty("statusBefore");
  });
  it("stays paused where somebody paused it before or meanwhile", () => {
    expect(after(subscription("paused"), "unverify", "verify").status).toBe("paused");
    expect(after(subscription("active"), "unverify", "pause", "verify").status).toBe("paused");
    expect(after(subscription("paused"), "unverify", "verify", "resume").status).toBe("active");
  });
  it("is not sent to by the end of a suspension", () => {
    const suspended = after(subscription("active"), "suspend", "unverify");
    expect(after(suspended, "reinstate")).toMatchObject({ status: "paused", needsVerification: true });
    expect(after(suspended, "reinstate", "verify").status).toBe("active");
    expect(after(suspended, "verify", "reinstate").status).toBe("active");
  });
  it("is not resumed by anybody after a 410", () => {
    expect(takeStep(after(subscription("disabled"), "unverify"), "resume", { by: "x", at })).toEqual({ ok: false });
    expect(after(subscription("disabled"), "unverify", "verify", "resume").status).toBe("active");
  });
});

it.each(["active", "paused", "disabled"] as const)("the end of a suspension leads back to %s", (status) =>
  expect(after(subscription(status), "suspend", "reinstate").status).toBe(status),
);

describe("further event types in service", () => {
  const asked = (status: SubscriptionStatus) => subscription(status, { requestedEventTypes: ["a.b", "c.d"] });
  it.each(["active", "paused", "suspended", "disabled"] as const)("are decided on alone: %s", (status) => {
    expect(after(asked(status), "approve")).toMatchObject({ status, eventTypes: ["a.b", "c.d"] });
    expect(after(asked(status), "reject")).toMatchObject({ status, eventTypes: ["a.b"] });
    for (const act of ["approve", "reject"] as const)
      expect(after(asked(status), act)).not.toHaveProperty("requestedEventTypes");
  });
});

it("keeps the last twenty steps", () => {
  const often = after(subscription("active"), ...Array.from({ length: 15 }, () => ["pause", "resume"] as const).flat());
  expect(often.history).toHaveLength(20);
  expect(often.history?.[0]).toMatchObject({ from: "paused", to: "active" });
});
