/** The list of event types, how many there are, and its file. */
import { beforeAll, describe, expect, it } from "vitest";
import { api, others, setUpTwoTenants, tenant as mine } from "../two-tenants.js";

setUpTwoTenants("mine");

beforeAll(async () => {
  const make = (name: string, more: object = {}) =>
    api.call("POST", "/v1/event-types", { key: mine.providerKey, body: { name, apiId: mine.apiId, ...more } });
  // An event type may have the name of what stands beside the list.
  expect((await make("count", { description: "=SUM(1)", schema: { title: "canary" } })).status).toBe(201);
  const deprecation = { at: "2026-01-02T03:04:05Z", sunsetAt: "2027-01-02T03:04:05Z", replacedBy: "count" };
  expect((await make("export", { deprecation, validation: "warn", schema: { title: "canary" } })).status).toBe(201);
});

const counted = async (query: string, key = mine.providerKey) =>
  (await api.call("GET", `/v1/catalogue/event-types/count?${query}`, { key })).body;
const get = (query: string, key = mine.providerKey) =>
  api.call("GET", `/v1/catalogue/event-types/export?${query}`, { key });
const namesOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => (JSON.parse(line) as { name: string }).name);
const listed = async (query: string, key: string) =>
  (await api.call<{ data: { name: string }[] }>("GET", `/v1/event-types?limit=250&${query}`, { key })).body.data.map(
    ({ name }) => name,
  );

describe("event types", () => {
  it.each(["", "search=COUNT", "prefix=mine.", "search=sum(1)", "apiId=mine", "search=nothing"])(
    "are counted and exported as they are listed: %s",
    async (query) => {
      const given = query.replace("apiId=mine", `apiId=${mine.apiId}`);
      for (const key of [mine.providerKey, mine.consumerKey, others.consumerKey, api.adminKey]) {
        const names = await listed(given, key);
        expect(await counted(given, key)).toEqual({ count: names.length, exact: true, atLeast: false });
        expect(namesOf((await get(`format=jsonl&${given}`, key)).text)).toEqual(names);
      }
    },
  );

  it("are what the actor may discover", async () => {
    expect(await counted("", mine.providerKey)).toMatchObject({ count: 3 });
    expect(await counted("", others.consumerKey)).toMatchObject({ count: 1 });
    expect(await counted(`apiId=${mine.apiId}`, others.consumerKey)).toMatchObject({ count: 0 });
    expect((await get(`format=jsonl&apiId=${mine.apiId}`, others.consumerKey)).text).toBe("");
  });

  it("hide none of the name `count` or `export`", async () => {
    for (const name of ["count", "export"])
      expect((await api.call("GET", `/v1/event-types/${name}`, { key: mine.consumerKey })).body).toMatchObject({
        name,
      });
  });

  it("are a table without schemas, in which nothing is a formula, and that is on record", async () => {
    const { token, id } = await api.key({ role: "provider", apiIds: [mine.apiId] });
    const answer = await get("format=csv", token);
    const [head, last, first] = answer.text.split("\r\n");
    expect(answer.headers["content-disposition"]).toBe('attachment; filename="event-types.csv"');
    expect(head).toBe("name,apiId,description,version,validation,deprecatedAt,sunsetAt,replacedBy,createdAt,updatedAt");
    expect(last).toContain(`export,${mine.apiId},,1,warn,2026-01-02T03:04:05.000Z,2027-01-02T03:04:05.000Z,count,`);
    expect(first).toContain(`count,${mine.apiId},'=SUM(1),1,off,,,,`);
    expect(answer.text).not.toContain("canary");
    const { data } = (await api.call<{ data: unknown[] }>("GET", `/v1/audit?action=event_types.export&actor=key:${id}`))
      .body;
    expect(data).toMatchObject([{ subject: "event_types", detail: { format: "csv", count: 3, cut: false } }]);
  });

  it.each(["", "format=xml", "format=csv&limit=5"])("are not exported by %s", async (query) => {
    expect(await api.problem("GET", `/v1/catalogue/event-types/export?${query}`)).toMatchObject({
      status: 400,
      code: "invalid_request",
    });
  });
});
