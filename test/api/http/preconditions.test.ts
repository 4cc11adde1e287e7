import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { takesIfMatch } from "../../../src/api/http/preconditions.js";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

let api: RunningApi;
let tenant: Tenant;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  tenant = await makeTenant(api, "etag");
});
afterAll(() => api?.close());

const objects = (): [string, object, object][] => [
  [`/v1/apis/${tenant.apiId}`, { description: "one" }, { description: "two" }],
  [`/v1/event-types/${tenant.eventType}`, { schema: { type: "object" } }, { schema: { type: "array" } }],
  [`/v1/groups/${tenant.groupId}`, { name: "etag one" }, { name: "etag two" }],
  [`/v1/subscriptions/${tenant.subscriptionId}`, { name: "one" }, { name: "two" }],
];
const tag = async (path: string): Promise<string> => String((await api.call("GET", path)).headers["etag"]);
const patch = (path: string, body: object, ifMatch: string) =>
  api.call("PATCH", path, { body, headers: { "if-match": ifMatch } });

test.each([0, 1, 2, 3])("object %i: read, changed by its tag, and refused by an older one", async (index) => {
  const [path, first, second] = objects()[index] ?? ["", {}, {}];
  const before = await tag(path);
  expect(before).toMatch(/^"[!#-~]+"$/);
  expect(await tag(path)).toBe(before);
  const changed = await patch(path, first, before);
  expect(changed.status, changed.text).toBe(200);
  const after = await tag(path);
  expect(after).not.toBe(before);
  expect(changed.headers["etag"]).toBe(after);
  expect(await api.problem("PATCH", path, { body: second, headers: { "if-match": before } })).toMatchObject({
    status: 412,
    code: "changed_meanwhile",
  });
  expect(await tag(path)).toBe(after);
  expect((await api.call("GET", path)).body).toMatchObject(first);
  // Without the header it is as before.
  expect((await api.call("PATCH", path, { body: second })).status).toBe(200);
});

test("a note about the endpoint's health is in the tag of the answer, and refuses no change by it", async () => {
  const path = `/v1/subscriptions/${tenant.subscriptionId}`;
  const before = await tag(path);
  const note = (since: Date) =>
    api.store.subscriptions.update(
      tenant.subscriptionId,
      (current) => ({ ...current, health: { state: "failing", since } }),
      { unasked: true },
    );
  await note(new Date(1));
  const noted = await tag(path);
  expect(noted).not.toBe(before);
  expect((await api.call("GET", path, { headers: { "if-none-match": before } })).status).toBe(200);
  expect((await api.call("GET", path, { headers: { "if-none-match": noted } })).status).toBe(304);
  await note(new Date(2));
  expect((await patch(path, { name: "noted" }, noted)).status).toBe(200);
  expect((await patch(path, { name: "noted again" }, noted)).status).toBe(412);
});

describe("If-Match", () => {
  const path = () => `/v1/subscriptions/${tenant.subscriptionId}`;
  test("takes any, and lists; the comparison is strong", async () => {
    expect((await patch(path(), { name: "a" }, "*")).status).toBe(200);
    expect((await patch(path(), { name: "b" }, `"x", ${await tag(path())} ,"y"`)).status).toBe(200);
    expect((await patch(path(), { name: "c" }, `W/${await tag(path())}`)).status).toBe(412);
    expect((await patch(path(), { name: "c" }, '"x","y"')).status).toBe(412);
    expect((await api.call("GET", path())).body["name"]).toBe("b");
  });
  test("is documented where something changes, and nowhere else", () => {
    const takes = (after: string) => takesIfMatch({ method: "post", path: `/v1/subscriptions/{id}/${after}` });
    expect(["approve", "secret/rotate", "verify"].map(takes)).toEqual([true, true, true]);
    expect(["hold", "test", "chat/test", "probe"].map(takes)).toEqual([false, false, false, false]);
  });
  test.each(["abc", '"abc', "", '"a" "b"', '*, "a"'])("that is none (%j) is refused", async (given) => {
    expect(await api.problem("PATCH", path(), { body: { name: "d" }, headers: { "if-match": given } })).toMatchObject({
      status: 400,
      errors: [{ path: "header.If-Match" }],
    });
  });
  test("of an object that is not there answers 404, of a wrong body 400", async () => {
    expect((await patch("/v1/subscriptions/sub_00000000000000000000000000", { name: "a" }, "*")).status).toBe(404);
    expect((await patch(path(), { colour: "red" }, '"x"')).status).toBe(400);
  });
  test("is compared in the store: of two changes by one tag one is made", async () => {
    const known = await tag(path());
    const statuses = (
      await Promise.all(Array.from({ length: 8 }, (_, index) => patch(path(), { name: `race ${index}` }, known)))
    ).map(({ status }) => status);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(statuses.filter((status) => status === 412)).toHaveLength(7);
  });
  test("is logged, when it refuses, under who asked", async () => {
    expect((await patch(path(), { name: "e" }, '"x"')).status).toBe(412);
    await expect
      .poll(() => api.log.findLast(({ msg, status }) => msg === "request" && status === 412))
      .toMatchObject({ method: "PATCH", actor: "environment" });
  });
  test("holds for acts and deletions, and what it refuses is no act on record", async () => {
    const known = await tag(path());
    await patch(path(), { name: "newer" }, known);
    const entries = async () =>
      (await api.call<{ data: unknown[] }>("GET", `/v1/audit?subject=${tenant.subscriptionId}&limit=250`)).body.data
        .length;
    const before = await entries();
    for (const [method, target] of [
      ["POST", `${path()}/pause`],
      ["DELETE", path()],
      ["DELETE", `/v1/groups/${tenant.groupId}?cascade=true`],
      ["DELETE", `/v1/event-types/${tenant.eventType}`],
    ] as const) {
      const answer = await api.call(method, target, { headers: { "if-match": known } });
      expect([412, 409], `${method} ${target}: ${answer.text}`).toContain(answer.status);
    }
    expect(await entries()).toBe(before);
    expect((await api.call("GET", path())).body).toMatchObject({ name: "newer", status: "active" });
    expect((await api.call("DELETE", path(), { headers: { "if-match": await tag(path()) } })).status).toBe(204);
    expect(
      (await api.call("DELETE", `/v1/groups/${tenant.groupId}`, { headers: { "if-match": '"x"' } })).status,
    ).not.toBe(204);
  });
});

describe("If-Match of an erasure", () => {
  test("by an older tag erases nothing; of many by one tag one is made", async () => {
    const own = await makeTenant(api, "etag-erase");
    const path = `/v1/groups/${own.groupId}`;
    const stale = await tag(path);
    expect((await patch(path, { name: "newer" }, stale)).status).toBe(200);
    expect(await api.problem("DELETE", `${path}?cascade=true`, { headers: { "if-match": stale } })).toMatchObject({
      status: 412,
      code: "changed_meanwhile",
    });
    expect((await api.call("GET", path)).body).toMatchObject({ name: "newer" });
    const known = await tag(path);
    const racing = [
      ...Array.from({ length: 4 }, () =>
        api.call("DELETE", `${path}?cascade=true`, { headers: { "if-match": known } }),
      ),
      ...Array.from({ length: 4 }, () => patch(path, { name: "raced" }, known)),
    ];
    const statuses = (await Promise.all(racing)).map(({ status }) => status);
    expect(statuses.filter((status) => status < 300)).toHaveLength(1);
    for (const status of statuses.filter((each) => each >= 300)) expect([404, 412]).toContain(status);
  });
  test("of an api holds with `erase` as without", async () => {
    const { id } = (await api.call<{ id: string }>("POST", "/v1/apis", { body: { name: "etag erased" } })).body;
    const stale = await tag(`/v1/apis/${id}`);
    expect((await patch(`/v1/apis/${id}`, { description: "newer" }, stale)).status).toBe(200);
    for (const query of ["?erase=true", ""])
      expect((await api.call("DELETE", `/v1/apis/${id}${query}`, { headers: { "if-match": stale } })).status).toBe(412);
    expect(
      (await api.call("DELETE", `/v1/apis/${id}?erase=true`, { headers: { "if-match": await tag(`/v1/apis/${id}`) } }))
        .status,
    ).toBe(204);
    expect((await api.call("GET", `/v1/apis/${id}`)).status).toBe(404);
  });
});

describe("If-None-Match", () => {
  const path = () => `/v1/apis/${tenant.apiId}`;
  const read = (ifNoneMatch: string, at = path()) => api.call("GET", at, { headers: { "if-none-match": ifNoneMatch } });
  test("answers 304 without a body as long as the object is the same, and then the object", async () => {
    const known = await tag(path());
    for (const given of [known, `W/${known}`, `"x", ${known}`, "*"]) {
      const answer = await read(given);
      expect(answer, given).toMatchObject({ status: 304, text: "" });
      expect(answer.headers["etag"]).toBe(known);
      expect(answer.headers["content-length"]).toBeUndefined();
    }
    expect((await read('"x"')).status).toBe(200);
    expect((await patch(path(), { description: "for a 304" }, known)).status).toBe(200);
    const changed = await read(known);
    expect(changed).toMatchObject({ status: 200, body: { description: "for a 304" } });
    expect(changed.headers["etag"]).not.toBe(known);
  });
  test("says nothing where the answer has no tag", async () => {
    expect((await read("*", "/v1/apis")).status).toBe(200);
  });
  test("does not tell of an object that is not there or not for the client", async () => {
    expect((await read("*", "/v1/apis/api_00000000000000000000000000")).status).toBe(404);
    expect((await api.call("GET", path(), { key: "", headers: { "if-none-match": "*" } })).status).toBe(401);
  });
  test.each(["abc", '"abc', '"a" "b"'])("that is none (%j) is refused", async (given) => {
    expect(await api.problem("GET", path(), { headers: { "if-none-match": given } })).toMatchObject({
      status: 400,
      errors: [{ path: "header.If-None-Match" }],
    });
  });
});

test("other single objects have tags as well, lists have none", async () => {
  const { id } = await api.key({ role: "admin" });
  expect(id).toMatch(/^key_/);
  expect(await tag(`/v1/apis/${tenant.apiId}`)).toMatch(/^"/);
  expect((await api.call("GET", "/v1/apis")).headers["etag"]).toBeUndefined();
});
