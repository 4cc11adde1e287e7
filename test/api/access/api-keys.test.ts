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

describe("a consumer key with several groups", () => {
  interface Key {
    id: string;
    key: string;
    groupId?: string;
    groupIds?: string[];
  }
  const make = async (groupIds: string[]) => {
    const answer = await api.call<Key>("POST", "/v1/api-keys", { body: { name: "wide", role: "consumer", groupIds } });
    expect(answer.status, answer.text).toBe(201);
    return answer.body;
  };

  test("sees and changes what belongs to each of them, and nothing of another group", async () => {
    const [second, third] = [await makeTenant(api, "second"), await makeTenant(api, "third")];
    const { key, ...view } = await make([tenant.groupId, second.groupId]);
    expect(view.groupIds).toEqual([tenant.groupId, second.groupId]);
    expect(view).not.toHaveProperty("groupId");
    const list = await api.call<{ data: { id: string }[] }>("GET", "/v1/subscriptions", { key });
    const ids = list.body.data.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining([tenant.subscriptionId, second.subscriptionId]));
    expect(ids).not.toContain(third.subscriptionId);
    for (const [of, status] of [
      [tenant, 200],
      [second, 200],
      [third, 404],
    ] as const) {
      const path = `/v1/subscriptions/${of.subscriptionId}`;
      expect((await api.call("PATCH", path, { key, body: { name: "seen" } })).status).toBe(status);
    }
    const types = await api.call<{ data: { name: string }[] }>("GET", "/v1/event-types?limit=250", { key });
    expect(types.body.data.map(({ name }) => name).sort()).toEqual([tenant.eventType, second.eventType].sort());
    // It must say for which of them a new one is.
    const body = { url: "https://8.8.8.8/hook", eventTypes: [second.eventType] };
    expect(await api.problem("POST", "/v1/subscriptions", { key, body })).toMatchObject({
      code: "invalid_request",
      errors: [{ path: "groupId" }],
    });
    const made = await api.call("POST", "/v1/subscriptions", { key, body: { ...body, groupId: second.groupId } });
    expect(made.body, made.text).toMatchObject({ groupId: second.groupId, status: "draft" });
    const foreign = { ...body, groupId: third.groupId };
    expect((await api.problem("POST", "/v1/subscriptions", { key, body: foreign })).code).toBe("group_unknown");
  });

  test("with one group is shown in both forms, whichever way it was made", async () => {
    const one = await make([tenant.groupId]);
    expect(one).toMatchObject({ groupId: tenant.groupId, groupIds: [tenant.groupId] });
    const { id } = await api.key({ role: "consumer", groupId: tenant.groupId });
    const list = await api.call<{ data: Key[] }>("GET", "/v1/api-keys?limit=250");
    for (const each of list.body.data.filter((found) => found.id === id || found.id === one.id))
      expect(each).toMatchObject({ groupId: tenant.groupId, groupIds: [tenant.groupId] });
  });

  test("keeps a group from being deleted alone, and goes on with the others after its erasure", async () => {
    const [kept, gone] = [await makeTenant(api, "kept"), await makeTenant(api, "gone")];
    const { id, key } = await make([kept.groupId, gone.groupId]);
    await api.call("DELETE", `/v1/subscriptions/${gone.subscriptionId}`);
    expect((await api.problem("DELETE", `/v1/groups/${gone.groupId}`)).code).toBe("in_use");
    expect((await api.call("DELETE", `/v1/groups/${gone.groupId}?cascade=true`)).status).toBe(204);
    const list = await api.call<{ data: (Key & { active: boolean })[] }>("GET", "/v1/api-keys?limit=250");
    expect(list.body.data.find((each) => each.id === id)).toMatchObject({ active: true, groupIds: [kept.groupId] });
    expect((await api.call("GET", `/v1/subscriptions/${kept.subscriptionId}`, { key })).status).toBe(200);
    expect((await api.call("DELETE", `/v1/groups/${kept.groupId}?cascade=true`)).status).toBe(204);
    expect((await api.call("GET", "/v1/subscriptions", { key })).status).toBe(401);
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["both forms", { groupId: "tenant", groupIds: ["tenant"] }, "groupIds"],
    ["no group", {}, "groupId"],
    ["an empty list", { groupIds: [] }, "groupIds"],
    ["a group twice", { groupIds: ["tenant", "tenant"] }, "groupIds"],
    ["groups of a provider", { role: "provider", groupIds: ["tenant"] }, "groupIds"],
  ])("is refused with %s", async (_what, fields, path) => {
    const named = JSON.parse(JSON.stringify(fields).replaceAll("tenant", tenant.groupId)) as object;
    const body = { name: "wide", role: "consumer", ...named };
    const problem = await api.problem("POST", "/v1/api-keys", { body });
    expect(problem).toMatchObject({ status: 400, code: "invalid_request" });
    expect(problem.errors?.map((error) => error.path)).toContain(path);
  });

  test("is refused with a group that is none, which is named", async () => {
    const body = { name: "wide", role: "consumer", groupIds: [tenant.groupId, `grp_${"0".repeat(26)}`] };
    expect(await api.problem("POST", "/v1/api-keys", { body })).toMatchObject({
      code: "group_unknown",
      errors: [{ path: "groupIds[1]" }],
    });
  });
});
