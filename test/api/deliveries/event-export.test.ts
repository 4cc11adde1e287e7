/** What an export of events holds and leaves out, how it is cut, and that it is on record. */
import { beforeAll, describe, expect, it } from "vitest";
import { eventIdFor } from "../../../src/api/publish/cloud-events.js";
import { makeTenant } from "../running-api.js";
import { recordedEvent } from "../recorded.js";
import { api, others, setUpTwoTenants, tenant as mine } from "../two-tenants.js";

/** A publisher chooses the id, and a spreadsheet would take this one for a formula. */
const FORMULA = "-1.event";
const SOURCE = "https://shop.example/orders";

setUpTwoTenants("mine");
beforeAll(async () => {
  const at = (hours: number) => ({ acceptedAt: new Date(Date.now() - hours * 3_600_000) });
  const canary = Buffer.from('"canary"');
  await api.store.events.insertMany([
    recordedEvent(mine, FORMULA, canary, { ...at(1), groups: [mine.groupId, others.groupId] }),
    recordedEvent(mine, "e-2", canary, at(2)),
    recordedEvent(mine, "e-old", canary, at(100)),
    recordedEvent(mine, eventIdFor(SOURCE, "17"), canary, {
      ...at(50),
      attributes: { source: SOURCE, id: "17", subject: "canary" },
    }),
    recordedEvent(others, "theirs", canary, at(1)),
  ]);
  await api.store.events.expunge("e-2", new Date());
});

const get = (query: string, key = mine.providerKey) => api.call("GET", `/v1/events/export?${query}`, { key });
const objects = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const idsOf = (text: string) => objects(text).map(({ id }) => id);

describe("an export of events", () => {
  it("is one object in each line, newest first, of what the actor sees, and no content", async () => {
    const answer = await get("format=jsonl");
    expect(answer.headers).toMatchObject({
      "content-type": "application/jsonl",
      "content-disposition": 'attachment; filename="events.jsonl"',
    });
    expect(answer.headers).not.toHaveProperty("sealpost-export-cut");
    expect(idsOf(answer.text)).toEqual([FORMULA, "e-2", eventIdFor(SOURCE, "17"), "e-old"]);
    expect(objects(answer.text)[0]).toMatchObject({
      type: mine.eventType,
      apiId: mine.apiId,
      groups: `${mine.groupId} ${others.groupId}`,
      size: 8,
    });
    expect(objects(answer.text)[1]).toMatchObject({ expungedAt: expect.any(String) as string });
    for (const hidden of ["canary", "theirs", SOURCE]) expect(answer.text).not.toContain(hidden);
  });

  it("is narrowed by the filters of the list", async () => {
    expect(idsOf((await get("format=jsonl&since=-24h")).text)).toEqual([FORMULA, "e-2"]);
    expect((await get(`format=jsonl&type=${others.eventType}`)).text).toBe("");
    expect((await get(`format=jsonl&apiId=${others.apiId}`)).text).toBe("");
    const cloudEvent = `ceSource=${encodeURIComponent(SOURCE)}&ceId=17`;
    expect(idsOf((await get(`format=jsonl&${cloudEvent}`)).text)).toEqual([eventIdFor(SOURCE, "17")]);
    expect((await get(`format=jsonl&${cloudEvent}`, others.providerKey)).text).toBe("");
    expect(idsOf((await get("format=jsonl", others.providerKey)).text)).toEqual(["theirs"]);
  });

  it("is a table with names, in which nothing is a formula", async () => {
    const answer = await get("format=csv&since=-24h");
    const [head, first] = answer.text.split("\r\n");
    expect(answer.headers["content-type"]).toBe("text/csv; charset=utf-8");
    expect(head).toBe("id,type,apiId,contentType,size,sha256,groups,acceptedAt,expungedAt");
    expect(first?.startsWith(`'${FORMULA},${mine.eventType},`)).toBe(true);
  });

  it.each(["", "format=xml", "format=csv&limit=5", "format=csv&ceId=17", "format=csv&since=never"])(
    "is refused: %s",
    async (query) => {
      expect(await api.problem("GET", `/v1/events/export?${query}`)).toMatchObject({
        status: 400,
        code: "invalid_request",
      });
    },
  );

  it("is not for consumers, and is on record once, with its number of rows", async () => {
    expect((await get("format=csv", mine.consumerKey)).status).toBe(403);
    const { token, id } = await api.key({ role: "provider", apiIds: [mine.apiId] });
    await get("format=csv", token);
    const { data } = (await api.call<{ data: unknown[] }>("GET", `/v1/audit?action=events.export&actor=key:${id}`))
      .body;
    expect(data).toMatchObject([{ subject: "events", detail: { format: "csv", count: 4, cut: false } }]);
    expect(data).toHaveLength(1);
  });

  it("ends after 10,000 rows, and says so", async () => {
    const many = await makeTenant(api, "many");
    for (let from = 0; from < 10_001; from += 500)
      await api.store.events.insertMany(
        Array.from({ length: Math.min(500, 10_001 - from) }, (_, n) => recordedEvent(many, `m-${from + n}`)),
      );
    const answer = await get("format=jsonl", many.providerKey);
    const rows = answer.text.trimEnd().split("\n");
    expect(answer.headers["sealpost-export-cut"]).toBe("true");
    expect(rows).toHaveLength(10_001);
    expect(JSON.parse(String(rows.at(-1)))).toEqual({ cut: expect.stringContaining("10000 events") as string });
    expect(new Set(rows.slice(0, -1)).size).toBe(10_000);
  }, 300_000);
});
