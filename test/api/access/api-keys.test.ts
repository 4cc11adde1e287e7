/** A key governs only keys that it covers: the rule as a matrix, and the three routes that obey it. */
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { type Act, ACTS, covers, type KeyPower, mayAct, seesContent } from "../../../src/api/access/access.js";
import { powerOf } from "../../../src/api/access/authenticate.js";
import { type Role, ROLES } from "../../../src/store/model.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;

beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "keys");
});
afterAll(() => api?.close());

const ALL_ACTS = Object.keys(ACTS) as Act[];
const LIMITS: readonly Omit<KeyPower, "role">[] = [
  {},
  { groupIds: ["g1"] },
  { groupIds: ["g1", "g2"] },
  { groupIds: [] },
  { apiIds: ["a1"] },
  { apiIds: ["a1", "a2"] },
];
const SCOPES: readonly (readonly Act[] | undefined)[] = [
  undefined,
  ["keys:write"],
  ["keys:write", "keys:read"],
  ["catalogue:read"],
  [],
];
const POWERS: readonly KeyPower[] = ROLES.flatMap((role) =>
  LIMITS.flatMap((limits) => SCOPES.map((scopes) => ({ role, ...limits, ...(scopes && { scopes }) }))),
);

/** What a key may do, spelled out: each act on each object. */
function deedsOf(power: KeyPower): Set<string> {
  const groups = power.groupIds ?? ["g1", "g2", "g3"];
  const apis = power.apiIds ?? ["a1", "a2", "a3"];
  return new Set(
    ALL_ACTS.filter((act) => mayAct(power, act)).flatMap((act) => [
      `${act} at all`,
      ...groups.map((id) => `${act} group ${id}`),
      ...apis.map((id) => `${act} api ${id}`),
      ...(seesContent(power) ? [`${act} with content`] : []),
    ]),
  );
}

describe("the rule", () => {
  test("lets no key govern one that may do anything more, on any object", () => {
    for (const actor of POWERS) {
      const own = deedsOf(actor);
      for (const other of POWERS) {
        const more = [...deedsOf(other)].filter((deed) => !own.has(deed));
        if (more.length > 0)
          expect(covers(actor, other), `${JSON.stringify(actor)} over ${JSON.stringify(other)}: ${more[0]}`).toBe(
            false,
          );
      }
    }
  });

  test("lets every key govern itself, an admin without scopes every key, and is transitive", () => {
    for (const power of POWERS) {
      expect(covers(power, power)).toBe(true);
      expect(covers({ role: "admin" }, power)).toBe(true);
    }
    const some = POWERS.filter((_power, index) => index % 3 === 0);
    for (const one of some)
      for (const two of some.filter((each) => covers(one, each)))
        for (const three of some) if (covers(two, three)) expect(covers(one, three)).toBe(true);
  });
});

describe("a key limited to scopes", () => {
  const SCOPED = ["keys:write", "keys:read", "audit:read"];
  let scoped: { id: string; token: string };
  beforeAll(async () => {
    scoped = await api.key({ role: "admin", scopes: SCOPED });
  });

  const TARGETS: [string, () => Parameters<RunningApi["key"]>[0], boolean][] = [
    ["an admin key without scopes", () => ({ role: "admin" }), false],
    ["an admin key with one scope more", () => ({ role: "admin", scopes: [...SCOPED, "people:read"] }), false],
    ["an admin key with other scopes", () => ({ role: "admin", scopes: ["people:write"] }), false],
    ["an auditor's key without scopes", () => ({ role: "auditor" }), false],
    ["an operator's key without scopes", () => ({ role: "operator" }), false],
    ["a provider's key without scopes", () => ({ role: "provider", apiIds: [tenant.apiId] }), false],
    ["a consumer's key without scopes", () => ({ role: "consumer", groupId: tenant.groupId }), false],
    ["an admin key with the same scopes", () => ({ role: "admin", scopes: SCOPED }), true],
    ["an admin key with fewer scopes", () => ({ role: "admin", scopes: ["keys:read"] }), true],
    ["an auditor's key within its scopes", () => ({ role: "auditor", scopes: ["audit:read", "keys:read"] }), true],
  ];

  test.each(TARGETS)("makes, rotates and revokes %s only where it covers it", async (_name, input, allowed) => {
    const target = await api.key(input());
    const expected = (good: number) => ({
      status: allowed ? good : 403,
      ...(!allowed && { body: { code: "forbidden" } }),
    });
    const works = async () => (await api.call("GET", "/v1/me", { key: target.token })).status !== 401;
    const before = await api.store.apiKeys.get(target.id);
    expect(
      await api.call("POST", "/v1/api-keys", { key: scoped.token, body: { name: "made", ...input() } }),
    ).toMatchObject(expected(201));
    expect(await api.call("POST", `/v1/api-keys/${target.id}/rotate`, { key: scoped.token })).toMatchObject(
      expected(200),
    );
    expect(await works()).toBe(true);
    if (!allowed) expect(await api.store.apiKeys.get(target.id)).toEqual(before);
    expect(await api.call("DELETE", `/v1/api-keys/${target.id}`, { key: scoped.token })).toMatchObject(expected(204));
    expect(await works()).toBe(!allowed);
    if (!allowed) expect(await api.store.apiKeys.get(target.id)).toEqual(before);
  });

  test("may rotate and revoke itself", async () => {
    const own = await api.key({ role: "admin", scopes: ["keys:write"] });
    const rotated = await api.call<{ key: string }>("POST", `/v1/api-keys/${own.id}/rotate`, { key: own.token });
    expect(rotated.status).toBe(200);
    expect((await api.call("DELETE", `/v1/api-keys/${own.id}`, { key: rotated.body.key })).status).toBe(204);
  });
});

test("the power of a key is read alike from a request and from its record", async () => {
  for (const role of ROLES as readonly Role[]) {
    for (const limits of [
      {},
      { scopes: ["keys:read"] },
      ...(role === "consumer" ? [{ groupId: "grp_1" }] : []),
      ...(role === "provider" ? [{ apiIds: ["api_1"] }] : []),
    ]) {
      const record = { id: "key_1", name: "n", createdAt: new Date(), hash: new Uint8Array(), role, ...limits };
      expect(powerOf(record)).toEqual(powerOf({ role, ...limits }));
    }
  }
  expect(powerOf({ role: "consumer" })).toEqual({ role: "consumer", groupIds: [] });
});
