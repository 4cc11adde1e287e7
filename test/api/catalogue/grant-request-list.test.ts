/** The list of grant requests, how many there are, and its file. */
import { beforeAll, describe, expect, it } from "vitest";
import { api, others, setUpTwoTenants, tenant as mine } from "../two-tenants.js";

interface Listed {
  data: { id: string }[];
}

let asking: { groupId: string; key: string };
let also: { groupId: string; key: string };

/** A consumer of a group without a grant. */
async function consumer() {
  const groupId = String((await api.call("POST", "/v1/groups", { body: { name: "new", grants: [] } })).body["id"]);
  return { groupId, key: (await api.key({ role: "consumer", groupId })).token };
}

setUpTwoTenants("mine");
beforeAll(async () => {
  for (const { apiId, providerKey } of [mine, others])
    await api.call("PATCH", `/v1/apis/${apiId}`, { key: providerKey, body: { listed: true } });
  [asking, also] = [await consumer(), await consumer()];
  const ask = async (key: string, grant: string, reason?: string) =>
    String((await api.call("POST", "/v1/grant-requests", { key, body: { grant, reason } })).body["id"]);
  const refused = await ask(asking.key, mine.eventType, "=HYPERLINK(1)");
  await api.call("POST", `/v1/grant-requests/${refused}/refuse`, { key: mine.providerKey, body: { reason: "No" } });
  await ask(asking.key, mine.apiId);
  await ask(also.key, mine.apiId);
  await ask(also.key, others.apiId);
});

const counted = async (query: string, key = mine.providerKey) =>
  (await api.call("GET", `/v1/grant-requests/count?${query}`, { key })).body;
const get = (query: string, key = mine.providerKey) => api.call("GET", `/v1/grant-requests/export?${query}`, { key });
const rowsOf = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("grant requests", () => {
  it.each(["", "status=open", "status=refused", "groupId=asking", "apiId=mine", "apiId=mine&status=open"])(
    "are counted and exported as they are listed: %s",
    async (query) => {
      const given = query.replace("=asking", `=${asking.groupId}`).replace("=mine", `=${mine.apiId}`);
      for (const key of [mine.providerKey, others.providerKey, asking.key, also.key, api.adminKey]) {
        const { data } = (await api.call<Listed>("GET", `/v1/grant-requests?limit=250&${given}`, { key })).body;
        expect(await counted(given, key)).toEqual({ count: data.length, exact: true, atLeast: false });
        const rows = rowsOf((await get(`format=jsonl&${given}`, key)).text);
        expect(rows.map(({ id }) => id)).toEqual(data.map(({ id }) => id));
      }
    },
  );

  it("are those of a consumer's groups, and of a provider's apis", async () => {
    expect(await counted("")).toMatchObject({ count: 3 });
    expect(await counted("", others.providerKey)).toMatchObject({ count: 1 });
    expect(await counted("", asking.key)).toMatchObject({ count: 2 });
    expect(await counted(`groupId=${also.groupId}`, asking.key)).toMatchObject({ count: 0 });
    expect((await get(`format=jsonl&groupId=${also.groupId}`, asking.key)).text).toBe("");
  });

  it("name those who asked and answered to who may decide, and to nobody else", async () => {
    const [row] = rowsOf((await get("format=jsonl&status=refused")).text);
    expect(row).toMatchObject({
      status: "refused",
      grant: mine.eventType,
      decisionReason: "No",
      requestedByName: expect.any(String) as string,
      decidedByName: expect.any(String) as string,
    });
    const [own] = rowsOf((await get("format=jsonl&status=refused", asking.key)).text);
    expect(own).toMatchObject({ decisionReason: "No" });
    expect(own).not.toHaveProperty("requestedByName");
    expect(own).not.toHaveProperty("decidedByName");
  });

  it("are a table in which nothing is a formula, and that is on record", async () => {
    const { token, id } = await api.key({ role: "provider", apiIds: [mine.apiId] });
    const answer = await get("format=csv&status=refused", token);
    const [head, first] = answer.text.split("\r\n");
    expect(answer.headers["content-disposition"]).toBe('attachment; filename="grant-requests.csv"');
    expect(head?.startsWith("id,status,groupId,grant,apiId,reason,requestedBy,requestedByName,")).toBe(true);
    expect(first).toContain(`,refused,${asking.groupId},${mine.eventType},${mine.apiId},'=HYPERLINK(1),`);
    const { data } = (
      await api.call<{ data: unknown[] }>("GET", `/v1/audit?action=grant_requests.export&actor=key:${id}`)
    ).body;
    expect(data).toMatchObject([{ subject: "grant_requests", detail: { format: "csv", count: 1, cut: false } }]);
  });

  it.each(["", "format=xml", "format=csv&limit=5", "format=csv&status=none"])(
    "are not exported by %s",
    async (query) => {
      expect(await api.problem("GET", `/v1/grant-requests/export?${query}`)).toMatchObject({
        status: 400,
        code: "invalid_request",
      });
    },
  );
});
