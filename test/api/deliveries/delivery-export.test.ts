/** What an export holds, how it is cut, what a spreadsheet makes of it, and that it is on record. */
import { beforeAll, describe, expect, it } from "vitest";
import { makeTenant } from "../running-api.js";
import { api, others, setUpTwoTenants, tenant as mine } from "../two-tenants.js";
import { deliveryNow } from "./stream/listening.js";

setUpTwoTenants("mine");
beforeAll(async () => {
  const detail = { url: "https://8.8.8.8/hook", requestHeaders: {}, responseBody: "canary" };
  const at = new Date();
  await api.store.deliveries.insertMany([
    deliveryNow(mine, "e-1", {
      status: "parked",
      reason: '=HYPERLINK("http://x"), see',
      attemptCount: 1,
      attempts: [{ number: 1, at, outcome: "http_4xx", status: 400, durationMs: 7, detail }],
    }),
    deliveryNow(mine, "e-2", { createdAt: new Date(Date.now() + 1_000) }),
    deliveryNow(others, "theirs"),
  ]);
});

const get = (query: string, key = mine.consumerKey) => api.call("GET", `/v1/deliveries/export?${query}`, { key });

describe("an export", () => {
  it("is one object in each line, of what the filter names and the actor sees", async () => {
    const answer = await get("format=jsonl&order=asc");
    expect(answer.headers).toMatchObject({
      "content-type": "application/jsonl",
      "content-disposition": 'attachment; filename="deliveries.jsonl"',
    });
    expect(answer.headers).not.toHaveProperty("sealpost-export-cut");
    const rows = answer.text.trimEnd().split("\n");
    const objects = rows.map((row) => JSON.parse(row) as Record<string, unknown>);
    expect(objects).toMatchObject([{ eventId: "e-1", lastStatus: 400, lastOutcome: "http_4xx" }, { eventId: "e-2" }]);
    expect(answer.text).not.toContain("canary");
    expect(answer.text).not.toContain(others.subscriptionId);
    expect((await get("format=jsonl&httpStatus=4xx&since=-1h")).text.trimEnd().split("\n")).toHaveLength(1);
    expect((await get(`format=jsonl&groupId=${others.groupId}`)).text).toBe("");
  });
  it("is a table with names, in which nothing is a formula", async () => {
    const answer = await get("format=csv&status=parked");
    const [head, row, end] = answer.text.split("\r\n");
    expect(answer.headers["content-type"]).toBe("text/csv; charset=utf-8");
    expect(head).toBe(
      "id,eventId,eventType,subscriptionId,groupId,status,reason,attemptCount,lastStatus,lastOutcome,lastDurationMs," +
        "createdAt,updatedAt,deliveredAt,nextAttemptAt",
    );
    expect(row).toContain(`parked,"'=HYPERLINK(""http://x""), see",1,400,http_4xx,7,`);
    expect(end).toBe("");
  });
  it.each(["", "format=xml", "format=csv&limit=5", "format=csv&cursor=x", "format=csv&since=never"])(
    "is refused: %s",
    async (query) => {
      expect(await api.problem("GET", `/v1/deliveries/export?${query}`)).toMatchObject({
        status: 400,
        code: "invalid_request",
      });
    },
  );
  it("is on record once, with its number of rows", async () => {
    const { token, id } = await api.key({ role: "consumer", groupId: mine.groupId });
    await get("format=csv", token);
    const audit = await api.call<{ data: unknown[] } & Record<string, unknown>>(
      "GET",
      `/v1/audit?action=deliveries.export&actor=key:${id}`,
    );
    expect(audit.body.data).toMatchObject([{ subject: "deliveries", detail: { format: "csv", count: 2, cut: false } }]);
    expect(audit.body.data).toHaveLength(1);
  });
  it("ends after 10,000 rows, and says so", async () => {
    const many = await makeTenant(api, "many");
    for (let from = 0; from < 10_001; from += 500)
      await api.store.deliveries.insertMany(
        Array.from({ length: Math.min(500, 10_001 - from) }, (_, n) => deliveryNow(many, `m-${from + n}`)),
      );
    const answer = await get("format=jsonl", many.consumerKey);
    const rows = answer.text.trimEnd().split("\n");
    expect(answer.headers["sealpost-export-cut"]).toBe("true");
    expect(rows).toHaveLength(10_001);
    expect(JSON.parse(String(rows.at(-1)))).toEqual({ cut: expect.stringContaining("10000") as string });
    expect(new Set(rows.slice(0, -1)).size).toBe(10_000);
  }, 300_000);
});
