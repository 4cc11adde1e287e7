/** What an export of subscriptions holds, what it leaves out, and that it is on record. */
import { beforeAll, expect, test } from "vitest";
import { api, others, setUpTwoTenants, tenant as mine } from "../../two-tenants.js";

let ids: string[];

setUpTwoTenants("mine");
beforeAll(async () => {
  const { id } = (
    await api.call("POST", "/v1/subscriptions", {
      body: {
        groupId: mine.groupId,
        name: '=cmd|"x", y',
        url: "https://8.8.4.4/hook?token=canary",
        eventTypes: [mine.eventType],
        contacts: ["pia@example.com"],
        auth: { type: "basic", username: "u", password: "correct horse" },
      },
    })
  ).body;
  ids = [String(id), mine.subscriptionId];
});

const get = (query: string, key = mine.consumerKey) => api.call("GET", `/v1/subscriptions/export?${query}`, { key });
const objects = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

test("one object in each line, newest first, of what the actor sees", async () => {
  const answer = await get("format=jsonl");
  expect(answer.headers).toMatchObject({
    "content-type": "application/jsonl",
    "content-disposition": 'attachment; filename="subscriptions.jsonl"',
  });
  expect(answer.headers).not.toHaveProperty("sealpost-export-cut");
  expect(objects(answer.text).map(({ id }) => id)).toEqual(ids);
  expect(objects(answer.text)[0]).toMatchObject({
    health: "healthy",
    status: "active",
    signing: "v1",
    auth: "basic",
    eventTypes: mine.eventType,
  });
  for (const hidden of ["correct horse", "pia@example.com", "whsec_", others.subscriptionId])
    expect(answer.text).not.toContain(hidden);
});

test("the filters of the list narrow it, and who may not see a query of a URL does not", async () => {
  expect(objects((await get("format=jsonl&q=cmd")).text).map(({ id }) => id)).toEqual([ids[0]]);
  expect((await get("format=jsonl&status=paused")).text).toBe("");
  const { token } = await api.key({ role: "operator" });
  const seen = await get("format=jsonl", token);
  expect(objects(seen.text)).toHaveLength(3);
  expect(seen.text).not.toContain("canary");
});

test("a spreadsheet takes no cell for a formula", async () => {
  const [head, first] = (await get("format=csv&q=cmd")).text.split("\r\n");
  expect(head?.startsWith("id,groupId,externalId,name,url,status")).toBe(true);
  expect(first).toContain(`"'=cmd|""x"", y"`);
});

test("it is refused without a format, and on record with its number of rows", async () => {
  expect(await api.problem("GET", "/v1/subscriptions/export", { key: mine.consumerKey })).toMatchObject({
    status: 400,
    code: "invalid_request",
  });
  await get("format=csv&q=cmd");
  const { data } = (await api.call<{ data: unknown[] }>("GET", "/v1/audit?action=subscriptions.export&limit=1")).body;
  expect(data).toMatchObject([{ subject: "subscriptions", detail: { format: "csv", count: 1, cut: false } }]);
});
