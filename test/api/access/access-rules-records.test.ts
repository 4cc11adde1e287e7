/** Who sees recoveries, requests for grants, and what is told of subscriptions by their apis. */
import { describe, expect, test } from "vitest";
import { seesGrantRequest, seesOwned, seesRecovery } from "../../../src/api/access/access.js";
import type { Actor } from "../../../src/api/access/actor.js";

const admin: Actor = { name: "key:a", role: "admin" };
const consumer: Actor = { name: "key:c", role: "consumer", groupIds: ["grp_1", "grp_2"] };
const provider: Actor = { name: "key:p", role: "provider", apiIds: ["api_1", "api_2"] };
const both: Actor = { name: "key:b", role: "provider", groupIds: ["grp_1"], apiIds: ["api_1"] };

describe("what is of a group and of apis", () => {
  const sees = (actor: Actor, groupId: string, ...apiIds: (string | undefined)[]) =>
    seesOwned(actor, { groupId, apiIds });

  test("is seen by an actor without limits, also if an event type is not in the catalogue", () => {
    expect(sees(admin, "grp_9", "api_9", undefined)).toBe(true);
  });

  test("is seen by those who act for the group", () => {
    expect(sees(consumer, "grp_2", "api_9")).toBe(true);
    expect(sees(consumer, "grp_9", "api_9")).toBe(false);
  });

  test("is seen by a limited provider if every api is its own", () => {
    expect(sees(provider, "grp_9", "api_1", "api_2")).toBe(true);
    expect(sees(provider, "grp_9", "api_1", "api_9")).toBe(false);
    expect(sees(provider, "grp_9", "api_1", undefined)).toBe(false);
  });

  test("is seen within both limits only", () => {
    expect(sees(both, "grp_1", "api_1")).toBe(true);
    expect(sees(both, "grp_1", "api_2")).toBe(false);
    expect(sees(both, "grp_2", "api_1")).toBe(false);
  });
});

describe("a recovery", () => {
  const of = (createdBy: string, groupId?: string) => ({ createdBy, ...(groupId !== undefined && { groupId }) });

  test("is seen by an actor without limits, whoever began it", () => {
    expect(seesRecovery(admin, of("key:x"))).toBe(true);
    expect(seesRecovery(admin, of("key:x", "grp_9"))).toBe(true);
  });

  test("of a group is seen by those who act for it, and one of all groups by none of them", () => {
    expect(seesRecovery(consumer, of("key:x", "grp_2"))).toBe(true);
    expect(seesRecovery(consumer, of("key:x", "grp_9"))).toBe(false);
    expect(seesRecovery(consumer, of(consumer.name))).toBe(false);
  });

  test("is seen by the limited provider who began it, and by no other", () => {
    expect(seesRecovery(provider, of(provider.name))).toBe(true);
    expect(seesRecovery(provider, of("key:x"))).toBe(false);
  });
});

test("a request for a grant is seen by its group, and by those who own the api", () => {
  const request = { groupId: "grp_1", apiId: "api_1" };
  expect([admin, consumer, provider, both].map((actor) => seesGrantRequest(actor, request))).toEqual([
    true,
    true,
    true,
    true,
  ]);
  const other = { groupId: "grp_9", apiId: "api_9" };
  expect([admin, consumer, provider].map((actor) => seesGrantRequest(actor, other))).toEqual([true, false, false]);
  expect(seesGrantRequest(both, { groupId: "grp_1", apiId: "api_9" })).toBe(false);
  expect(seesGrantRequest(both, { groupId: "grp_9", apiId: "api_1" })).toBe(false);
});
