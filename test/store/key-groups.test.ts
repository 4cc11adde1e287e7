import { expect, test } from "vitest";
import { groupsOfKey, withoutGroup } from "../../src/store/key-groups.js";
import type { ApiKey } from "../../src/store/model.js";

const NOW = new Date("2026-11-26T10:00:00Z");
const key = (more: Partial<ApiKey>): ApiKey => ({ id: "key_1", name: "k", role: "consumer", createdAt: NOW, ...more });

test("a key acts for the groups of either form, and one without any for none", () => {
  expect(groupsOfKey({ groupId: "grp_a" })).toEqual(["grp_a"]);
  expect(groupsOfKey({ groupIds: ["grp_a", "grp_b"] })).toEqual(["grp_a", "grp_b"]);
  expect(groupsOfKey({})).toEqual([]);
});

test("with its last group a key is revoked, and before that it loses the group alone", () => {
  expect(withoutGroup(key({ groupId: "grp_a" }), "grp_a", NOW)).toMatchObject({ revokedAt: NOW });
  const left = withoutGroup(key({ groupIds: ["grp_a", "grp_b"] }), "grp_a", NOW);
  expect(left).toMatchObject({ groupIds: ["grp_b"] });
  expect(left).not.toHaveProperty("revokedAt");
  expect(withoutGroup(left, "grp_b", NOW)).toMatchObject({ revokedAt: NOW });
  const ended = key({ groupId: "grp_a", revokedAt: new Date(0) });
  expect(withoutGroup(ended, "grp_a", NOW)).toBe(ended);
});
