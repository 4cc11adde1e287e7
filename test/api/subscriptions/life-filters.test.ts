import { describe, expect, test } from "vitest";
import { makeTenant } from "../running-api.js";
import { api, tenant, receiver, draft, change, setUpLife } from "./life-setup.js";

setUpLife();

describe("filters", () => {
  test("are compiled when they are saved, and the position is told", async () => {
    const problem = await api.problem("POST", "/v1/subscriptions", {
      key: tenant.consumerKey,
      body: { url: receiver.url, eventTypes: [tenant.eventType], filter: "data.a > 1 &&\n foo" },
    });
    expect(problem).toMatchObject({
      status: 422,
      code: "filter_invalid",
      errors: [{ path: "filter", message: "line 2, column 2: Unknown variable: foo" }],
    });
    const { id, filter } = await draft({ filter: "data.amount > 100" });
    expect(filter).toBe("data.amount > 100");
    expect(
      await api.problem("PATCH", `/v1/subscriptions/${id}`, {
        key: tenant.consumerKey,
        body: { filter: "data.amount >" },
      }),
    ).toMatchObject({ code: "filter_invalid" });
    expect(
      await api.problem("PATCH", `/v1/subscriptions/${id}`, {
        key: tenant.consumerKey,
        body: { filter: `"${"é".repeat(1_100)}" == "a"` },
      }),
    ).toMatchObject({ status: 400 });
    expect((await change(id, { filter: null })).body).not.toHaveProperty("filter");
  });
  test.each<[string, unknown, object]>([
    ["data.amount > 100", { amount: 150 }, { matches: true }],
    ["data.amount > 100", { amount: 50 }, { matches: false }],
    ["data.missing", {}, { matches: false }],
    ["data.n % 2 == 0", { n: 4 }, { matches: true }],
    ["data.qty * 2 > 5", { qty: 3 }, { matches: true }],
    ["data.total / 100 >= 12.5", { total: 1250 }, { matches: true }],
    ["data.amount > 100", { amount: "x" }, { matches: null, failed: "no_such_overload" }],
    ["headers['x-a'] == 'b' && event.type == 'a.b'", null, { matches: true }],
  ])("can be tried: %s of %j", async (filter, data, expected) => {
    const answer = await api.call("POST", "/v1/filters/test", {
      key: tenant.consumerKey,
      body: { filter, data, type: "a.b", headers: { "x-a": "b" } },
    });
    expect(answer).toMatchObject({ status: 200, body: expected });
  });
  test("a name that neither schema nor examples know is told when it is saved and when it is tried", async () => {
    await api.call("PATCH", `/v1/event-types/${tenant.eventType}`, {
      body: { schema: { type: "object", properties: { qty: { type: "number" } } }, examples: [{ qty: 1, note: "x" }] },
    });
    const { id, ...made } = await draft({ filter: "data.qty * 2 > 5 && data.note == 'x' && data.quantity > 1" });
    const warning = expect.stringMatching(
      new RegExp(
        "^filter, line 1, column 41: data\\.quantity is in neither the schema nor the examples of " +
          `${tenant.eventType.replaceAll(".", "\\.")}\\.`,
      ),
    ) as string;
    expect(made).toMatchObject({ warnings: [warning] });
    expect((await api.call("GET", `/v1/subscriptions/${id}`, { key: tenant.consumerKey })).body).not.toHaveProperty(
      "warnings",
    );
    expect((await change(id, { filter: "data.qty > 1" })).body).not.toHaveProperty("warnings");
    expect((await change(id, { filter: "data.qti > 1" })).body).toMatchObject({
      warnings: [expect.stringContaining("data.qti")],
    });
    expect((await change(id, { name: "other" })).body).not.toHaveProperty("warnings");
    const tried = (type: string) =>
      api.call("POST", "/v1/filters/test", {
        key: tenant.consumerKey,
        body: { filter: "data.qti > 1", data: { qty: 1 }, type },
      });
    expect((await tried(tenant.eventType)).body).toMatchObject({
      matches: false,
      warnings: [expect.stringContaining("data.qti")],
    });
    // Nothing is told of a type that is not the caller's to see.
    const { eventType } = await makeTenant(api, "unseen");
    await api.call("PATCH", `/v1/event-types/${eventType}`, {
      body: { schema: { type: "object", properties: { other: true } } },
    });
    expect((await tried(eventType)).body).toEqual({ matches: false, fields: [{ field: "data.qti", values: [] }] });
    await api.call("PATCH", `/v1/event-types/${tenant.eventType}`, { body: { schema: null, examples: null } });
  });
  test("what means something else than it says is refused when it is saved, with the place and the cure", async () => {
    for (const path of ["/v1/subscriptions", "/v1/filters/test"]) {
      const body =
        path === "/v1/filters/test"
          ? { filter: "data.ratio > 1/2", data: {} }
          : { url: receiver.url, eventTypes: [tenant.eventType], filter: "data.ratio > 1/2" };
      expect(await api.problem("POST", path, { key: tenant.consumerKey, body })).toMatchObject({
        code: "filter_invalid",
        errors: [{ path: "filter", message: expect.stringMatching(/^line 1, column 14: .*1\.0 \/ 2\.0/) as string }],
      });
    }
  });
  test("a trial of a bad one says where", async () => {
    expect(
      await api.problem("POST", "/v1/filters/test", { key: tenant.consumerKey, body: { filter: "1 +", data: 1 } }),
    ).toMatchObject({
      code: "filter_invalid",
      position: { line: 1, column: 4, offset: 3 },
      errors: [{ message: expect.stringMatching(/^line 1, column 4/) as string }],
    });
  });
});
