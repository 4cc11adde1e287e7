import { afterAll, beforeAll, expect, inject, it } from "vitest";
import { createMetrics } from "../../src/metrics.js";
import { createAuditTally } from "../../src/api/access/audit-tally.js";
import type { MongoStore } from "../../src/store/index.js";
import { createRefusalRecord } from "../../src/workers/refusals.js";
import { openDatabase, type TestDatabase } from "../store/database.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "refusals");
  store = await database.openStore();
});
afterAll(() => database.close());

it(
  "a flood of unproven starts is on record in bunches, each counted, and by whom where somebody " + "sealed it",
  async () => {
    const metrics = createMetrics();
    const said: unknown[] = [];
    const tally = createAuditTally({ store, log: { error: () => undefined } });
    const record = createRefusalRecord({
      auditTally: tally,
      metrics,
      log: { warn: (line: unknown) => void said.push(line) },
    });
    await Promise.all(Array.from({ length: 50 }, () => record({ workflowType: "deliverEvent", purpose: "none" })));
    await record({ workflowType: "deliverEvent", purpose: "publisher", by: "key:key_1" });
    await tally.close();
    const { data } = await store.audit.list({ limit: 50 });
    const entries = data
      .filter(({ action }) => action === "start.refuse")
      .map(({ actor, subject, detail }) => ({ actor, subject, detail }));
    expect(entries).toHaveLength(3);
    expect(entries).toEqual(
      expect.arrayContaining([
        { actor: "anybody", subject: "deliverEvent", detail: { acts: 1, purposes: ["none"] } },
        { actor: "anybody", subject: "deliverEvent", detail: { acts: 49, purposes: ["none"] } },
        { actor: "key:key_1", subject: "deliverEvent", detail: { acts: 1, purposes: ["publisher"] } },
      ]),
    );
    expect(said).toHaveLength(51);
    expect(await metrics.registry.getSingleMetricAsString("sealpost_unproven_total")).toContain(
      'sealpost_unproven_total{purpose="none"} 50',
    );
  },
);
