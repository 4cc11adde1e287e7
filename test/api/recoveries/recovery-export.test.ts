/** What an export of recoveries holds, to whom, how it is cut, and that it is on record. */
import { MongoClient } from "mongodb";
import { beforeAll, describe, expect, inject, it, onTestFinished } from "vitest";
import { newId } from "../../../src/store/ids.js";
import type { Recovery } from "../../../src/store/collections/recoveries.js";
import { api, others, setUpTwoTenants, tenant as mine } from "../two-tenants.js";

const recovery = (more: Partial<Recovery>): Recovery => ({
  id: newId("rec"),
  filter: { status: ["parked", "exhausted"] },
  status: "done",
  progress: { found: 9, sent: 7, delivered: 4, failedAgain: 1, skipped: { erased: 1, changed: 1 } },
  count: 9,
  createdBy: "key:someone",
  createdAt: new Date(),
  updatedAt: new Date(),
  ...more,
});

setUpTwoTenants("mine");
beforeAll(async () => {
  const until = Date.now();
  const ago = (hours: number) => new Date(Date.now() - hours * 3_600_000);
  await api.store.recoveries.insert(
    recovery({
      id: "rec_newest",
      groupId: mine.groupId,
      filter: {
        groupId: mine.groupId,
        subscriptionId: mine.subscriptionId,
        status: ["parked", "exhausted"],
        since: until - 7_200_000,
        until,
      },
      reason: '@SUM(1), "again"',
      error: "Cancelled by person:pia. 3 were left.",
      startedAt: ago(1),
      createdAt: ago(1),
    }),
  );
  await api.store.recoveries.insert(
    recovery({ id: "rec_older", groupId: mine.groupId, status: "failed", createdAt: ago(2) }),
  );
  await api.store.recoveries.insert(
    recovery({
      id: "rec_theirs",
      groupId: others.groupId,
      filter: { subscriptionId: others.subscriptionId },
      createdAt: ago(3),
    }),
  );
});

const get = (query: string, key = mine.consumerKey) => api.call("GET", `/v1/recoveries/export?${query}`, { key });
const objects = (text: string) =>
  text
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const idsOf = (text: string) => objects(text).map(({ id }) => id);

describe("an export of recoveries", () => {
  it("is one flat object in each line, newest first, of what the actor sees", async () => {
    const answer = await get("format=jsonl");
    expect(answer.headers).toMatchObject({
      "content-type": "application/jsonl",
      "content-disposition": 'attachment; filename="recoveries.jsonl"',
    });
    expect(idsOf(answer.text)).toEqual(["rec_newest", "rec_older"]);
    const [newest] = objects(answer.text);
    expect(newest).toMatchObject({
      status: "done",
      subscriptionId: mine.subscriptionId,
      statuses: "parked exhausted",
      until: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      count: 9,
      sent: 7,
      delivered: 4,
      failedAgain: 1,
      underWay: 2,
      skipped: 2,
      error: "Cancelled. 3 were left.",
    });
    for (const hidden of ["person:pia", others.groupId]) expect(answer.text).not.toContain(hidden);
    for (const value of Object.values(newest ?? {})) expect(typeof value).not.toBe("object");
  });

  it("is narrowed by the filters of the list, and by what the actor sees", async () => {
    const { token: operator } = await api.key({ role: "operator" });
    expect(idsOf((await get("format=jsonl&status=failed")).text)).toEqual(["rec_older"]);
    expect(idsOf((await get("format=jsonl", operator)).text)).toEqual(["rec_newest", "rec_older", "rec_theirs"]);
    expect(idsOf((await get(`format=jsonl&apiId=${others.apiId}`, operator)).text)).toEqual([
      "rec_older",
      "rec_theirs",
    ]);
    expect((await get("format=jsonl", mine.providerKey)).text).toBe("");
    const count = async (query: string, key = mine.consumerKey) =>
      (await api.call("GET", `/v1/recoveries/count?${query}`, { key })).body;
    const exactly = (found: number) => ({ count: found, exact: true, atLeast: false });
    expect(await count("")).toEqual(exactly(2));
    expect(await count("status=failed")).toEqual(exactly(1));
    expect(await count(`apiId=${others.apiId}`, operator)).toEqual(exactly(2));
    expect(await count("", mine.providerKey)).toEqual(exactly(0));
  });

  it("is a table with names, in which nothing is a formula", async () => {
    const [head, first] = (await get("format=csv")).text.split("\r\n");
    expect(head?.startsWith("id,status,mode,subscriptionId,groupId,eventType,statuses,since,until,count")).toBe(true);
    expect(first).toContain(`,"'@SUM(1), ""again""",`);
  });

  it.each(["", "format=xml", "format=csv&limit=5", "format=csv&status=asleep"])("is refused: %s", async (query) => {
    expect(await api.problem("GET", `/v1/recoveries/export?${query}`)).toMatchObject({
      status: 400,
      code: "invalid_request",
    });
  });

  it("is on record with its number of rows", async () => {
    const { token, id } = await api.key({ role: "consumer", groupId: mine.groupId });
    await get("format=csv", token);
    const { data } = (await api.call<{ data: unknown[] }>("GET", `/v1/audit?action=recoveries.export&actor=key:${id}`))
      .body;
    expect(data).toMatchObject([{ subject: "recoveries", detail: { format: "csv", count: 2, cut: false } }]);
  });

  it("ends after 10,000 rows, and says so", async () => {
    const { token } = await api.key({ role: "consumer", groupId: others.groupId });
    // The store inserts one at a time, because people start few.
    const mongo = await new MongoClient(inject("mongodbUrl")).connect();
    onTestFinished(() => mongo.close());
    const documents = Array.from({ length: 10_001 }, (_, n) => {
      const { id, ...fields } = recovery({ id: `rec_${n}`, groupId: others.groupId });
      return { _id: id, ...fields };
    });
    const recoveries = mongo.db(api.database).collection<(typeof documents)[number]>("recoveries");
    for (let from = 0; from < documents.length; from += 1_000)
      await recoveries.insertMany(documents.slice(from, from + 1_000));
    const answer = await get("format=csv", token);
    const rows = answer.text.trimEnd().split("\r\n");
    expect(answer.headers["sealpost-export-cut"]).toBe("true");
    expect(rows).toHaveLength(10_002);
    expect(rows.at(-1)).toContain("10000 recoveries");
    const counted = await api.call("GET", "/v1/recoveries/count", { key: token });
    expect(counted.body).toEqual({ count: 1_000, exact: false, atLeast: true });
  }, 300_000);
});
