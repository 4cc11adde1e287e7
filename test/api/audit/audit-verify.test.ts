/** The chain of the audit, checked over HTTP in a real database in which somebody then changes an entry. */
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { makeTenant, type RunningApi, startApi } from "../running-api.js";

interface Verified {
  ok: boolean;
  chained: number;
  head: { seq: number; mac: string };
  fault?: { kind: string; seq: number };
}

let api: RunningApi;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  await makeTenant(api, "chain");
});
afterAll(() => api?.close());

const verify = (query = "", key?: string) =>
  api.call<Verified>("GET", `/v1/audit/verify${query}`, key === undefined ? {} : { key });
const told = async () => {
  const notices = await api.store.notices.due(50, new Date(Date.now() + 3_600_000));
  return notices.filter(({ kind }) => kind === "audit.broken");
};

test("is whole, for those who may read the audit, and its head is told", async () => {
  const auditor = await api.key({ role: "auditor" });
  const { status, body } = await verify("", auditor.token);
  expect({ status, ok: body.ok, chained: body.chained }).toEqual({ status: 200, ok: true, chained: body.head.seq });
  expect(body).not.toHaveProperty("fault");
  expect((await verify(`?expect=${body.head.seq}:${body.head.mac}`)).body.ok).toBe(true);
  for (const role of ["provider", "operator"])
    expect((await verify("", (await api.key({ role })).token)).status, role).toBe(403);
  for (const wrong of ["?expect=1", "?expect=0:x", "?since=1"]) expect((await verify(wrong)).status).toBe(400);
});

test("a head that was noted elsewhere and is not in the chain is a fault", async () => {
  const { head } = (await verify()).body;
  const { body } = await verify(`?expect=${head.seq + 1_000}:${"A".repeat(43)}`);
  expect(body).toMatchObject({ ok: false, fault: { kind: "cut_short" } });
  // The chain itself is whole, so nobody is woken.
  expect(await told()).toEqual([]);
});

test("may be asked for 5 times a minute by one person or key", async () => {
  const { token } = await api.key({ role: "auditor" });
  const answers = await Promise.all(Array.from({ length: 6 }, () => verify("", token)));
  expect(answers.map(({ status }) => status).toSorted()).toEqual([200, 200, 200, 200, 200, 429]);
});

test("an entry that somebody changed in the database is named", async () => {
  const entry = "aud_0000000000000003";
  const client = await new MongoClient(inject("mongodbUrl")).connect();
  await client
    .db(api.database)
    .collection<{ _id: string }>("audit")
    .updateOne({ _id: entry }, { $set: { actor: "key:somebody-else" } })
    .finally(() => client.close());
  expect((await verify()).body).toMatchObject({ ok: false, chained: 2, fault: { kind: "changed", seq: 3 } });
  expect(await told()).toHaveLength(1);
});
