/** The state diagrams of docs/explanation/architecture.md, compared with the code that decides. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { decideRecord } from "../../src/store/deliveries/delivery-changes.js";
import type { DeliveryDocument } from "../../src/store/deliveries/delivery-document.js";
import type { Subscription, SubscriptionStatus } from "../../src/store/model.js";
import { LIFE, LIFE_ACTS, type LifeAct, takeStep } from "../../src/store/subscription-life.js";
import { DELIVERY_STATUSES, type DeliveryStatus } from "../../src/workflows/contract.js";

interface Arrow {
  from: string;
  to: string;
  label: string;
}

const page = readFileSync(new URL("../../docs/explanation/architecture.md", import.meta.url), "utf8");

/** The arrows of the state diagram below a heading. One from a composite state counts for each state in it. */
function arrowsBelow(heading: string): Arrow[] {
  const diagram =
    /```mermaid\nstateDiagram-v2\n([\s\S]*?)```/.exec(page.slice(page.indexOf(`## ${heading}\n`)))?.[1] ?? "";
  const composites = new Map(
    [...diagram.matchAll(/state ".*" as (\w+) \{([^}]*)\}/g)].map(([, name = "", inside = ""]) => [
      name,
      [...new Set(inside.match(/\w+/g))],
    ]),
  );
  const members = (name: string): string[] => composites.get(name) ?? [name];
  return [...diagram.matchAll(/^ +(\[\*\]|\w+) --> (\w+)(?:: (.*))?$/gm)].flatMap(
    ([, from = "", to = "", label = ""]) =>
      members(from).flatMap((one) => members(to).map((other) => ({ from: one, to: other, label }))),
  );
}
const statesOf = (arrows: Arrow[]): string[] =>
  [...new Set(arrows.flatMap(({ from, to }) => [from, to]))].filter((state) => state !== "[*]").sort();

describe("the diagram of a subscription", () => {
  const arrows = arrowsBelow("The states of a subscription");

  it("has every state", () => {
    expect(statesOf(arrows)).toEqual(Object.keys(LIFE).sort());
  });

  it("has exactly the steps that the table allows", () => {
    const drawn = arrows
      .filter(({ from }) => from !== "[*]")
      .flatMap(({ from, to, label }) => label.split(", ").map((act) => `${from} --> ${to}: ${act}`));
    expect(drawn.sort()).toEqual([...stepsFrom("draft", "active")].sort());
  });
});

/** Every change of status that acts can lead to, from new subscriptions in these statuses. */
function stepsFrom(...statuses: SubscriptionStatus[]): Set<string> {
  const now = new Date(0);
  const created = (status: SubscriptionStatus): Subscription => ({
    id: "sub_1",
    groupId: "grp_1",
    url: "https://consumer.test/",
    eventTypes: ["a.b"],
    secrets: [],
    status,
    createdAt: now,
    updatedAt: now,
  });
  const markOf = ({ status, statusBefore, needsVerification }: Subscription): string =>
    JSON.stringify([status, statusBefore, needsVerification]);
  const open = statuses.map(created);
  const seen = new Set(open.map(markOf));
  const steps = new Set<string>();
  for (let current = open.pop(); current; current = open.pop()) {
    for (const act of Object.keys(LIFE_ACTS) as LifeAct[]) {
      const step = takeStep(current, act, { by: "test", at: now });
      if (!step.ok) continue;
      if (step.subscription.status !== current.status)
        steps.add(`${current.status} --> ${step.subscription.status}: ${act}`);
      if (seen.has(markOf(step.subscription))) continue;
      seen.add(markOf(step.subscription));
      open.push(step.subscription);
    }
  }
  return steps;
}

describe("the diagram of a delivery", () => {
  const arrows = arrowsBelow("The states of a delivery");
  const drawn = arrows.filter(({ from }) => from !== "[*]");
  const isAsked = ({ label }: Arrow): boolean => label.startsWith("asked");

  it("has every status", () => {
    expect(statesOf(arrows)).toEqual([...DELIVERY_STATUSES].sort());
  });

  it.each(drawn)("$from --> $to: $label is what the record takes", (arrow) => {
    expect(takes(arrow, true)).toBe(true);
    expect(takes(arrow, false)).toBe(!isAsked(arrow));
  });

  it("has an arrow out of each status that the record can leave, and only asked ones where it must be asked", () => {
    for (const from of DELIVERY_STATUSES) {
      const out = drawn.filter((arrow) => arrow.from === from);
      const byItself = DELIVERY_STATUSES.some((to) => to !== from && takes({ from, to, label: "" }, false));
      expect(out.length, from).toBeGreaterThan(0);
      expect(
        out.some((arrow) => !isAsked(arrow)),
        from,
      ).toBe(byItself);
    }
  });

  it("leads from parked alone to cancelled among those that wait for somebody", () => {
    const cancels = DELIVERY_STATUSES.filter(
      (from) => from !== "cancelled" && takes({ from, to: "cancelled", label: "" }, true),
    );
    expect(
      drawn
        .filter(({ to }) => to === "cancelled")
        .map(({ from }) => from)
        .sort(),
    ).toEqual(cancels.sort());
  });
});

/** Whether a record in the first status takes a change to the second. */
function takes({ from, to }: Arrow, asked: boolean): boolean {
  const at = new Date(0);
  const document: DeliveryDocument = {
    _id: "evt_1.sub_1",
    eventId: "evt_1",
    subscriptionId: "sub_1",
    groupId: "grp_1",
    eventType: "a.b",
    status: from as DeliveryStatus,
    attemptCount: 1,
    createdAt: at,
    updatedAt: at,
  };
  const decision = decideRecord(
    at,
    new Map(),
    () => true,
  )(document, { id: document._id, status: to as DeliveryStatus, ...(asked && { asked }) });
  return decision.refused === undefined && decision.update !== undefined;
}
