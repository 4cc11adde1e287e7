import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { exportAudit, expectedHead, runChecks, runVerification } from "../../../src/workers/commands/verify-audit.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";

let database: TestDatabase;
beforeAll(async () => (database = await openDatabase(inject("mongodbUrl"), "verify")));
afterAll(() => database.close());

it("says whether the chain is whole, its head, and where it breaks", async () => {
  const { audit, notices } = await database.openStore();
  for (const subject of ["a", "b", "c"]) await audit.append({ actor: "key:1", action: "api.create", subject });
  const lines: string[] = [];
  const verify = (expect?: { seq: number; mac: string }) =>
    runVerification({ audit, say: (line) => lines.push(line), ...(expect && { expect }) });
  expect(await verify()).toBe(true);
  expect(lines).toEqual([
    "4 entries in the chain, 0 from before it",
    expect.stringMatching(/^whole; head 4:[\w-]{43}$/),
  ]);
  const head = expectedHead(["--expect", String(lines[1]?.slice("whole; head ".length))]);
  expect(await verify(head)).toBe(true);
  expect(await runChecks({ audit, notices }, { say: () => undefined, expect: head })).toBe(true);
  expect(await notices.due(10)).toEqual([]);
  const exported: { id: string; subject: string; mac: string }[] = [];
  await exportAudit({ audit, write: (line) => exported.push(JSON.parse(line) as (typeof exported)[number]) });
  expect(exported.map(({ subject }) => subject)).toEqual(["audit", "a", "b", "c"]);
  expect(exported[3]?.mac).toBe(head?.mac);

  await database.client
    .db(database.name)
    .collection<{ _id: string }>("audit")
    .deleteOne({ _id: "aud_0000000000000003" });
  expect(await verify(head)).toBe(false);
  expect(lines.at(-1)).toBe("BROKEN: entry 3 is missing.");

  // Admins are told once a day.
  const checks = { say: () => undefined, expect: head };
  for (let looks = 0; looks < 2; looks++) expect(await runChecks({ audit, notices }, checks)).toBe(false);
  expect(await notices.due(10)).toMatchObject([{ kind: "audit.broken" }]);
});

it("takes a head only as it was printed", () => {
  expect(expectedHead([])).toBeUndefined();
  for (const wrong of [[], ["4"], ["4:short"], [`0:${"a".repeat(43)}`]])
    expect(() => expectedHead(["--expect", ...wrong])).toThrow(/takes a head/);
});
