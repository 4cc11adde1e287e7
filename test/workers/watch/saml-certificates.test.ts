import { pino } from "pino";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createMetrics } from "../../../src/metrics.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { watchSamlCertificates } from "../../../src/workers/watch/saml-certificates.js";
import { certificateOf, connectionTo } from "../../api/saml/connection.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";
import { createSamlIdp, createSamlKey } from "../../support/saml-idp.js";

const DAY_MS = 86_400_000;
const DAY_SECONDS = 86_400;
let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "saml_watch");
  store = await database.openStore();
});
afterAll(() => database?.close());

test("the soonest end of a connection is a metric, and a line of log from 30 days before", async () => {
  const metrics = createMetrics();
  const lines: Record<string, unknown>[] = [];
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  const seconds = async () => (await metrics.samlCertificateExpiry.get()).values[0]?.value ?? Number.POSITIVE_INFINITY;
  expect((await metrics.samlCertificateExpiry.get()).values).toEqual([]);

  const ending = createSamlIdp(await createSamlKey({ notAfter: new Date(Date.now() + 20 * DAY_MS) }));
  const lasting = createSamlIdp(await createSamlKey());
  const rolling = connectionTo(ending, {
    certificates: [certificateOf(ending.key.cert), certificateOf(lasting.key.cert)],
  });
  const late = connectionTo(ending);
  await store.samlConnections.insert(rolling);
  await store.samlConnections.insert(connectionTo(ending, { status: "disabled" }));
  await store.samlUses.use("request/old", new Date(Date.now() - DAY_MS));

  const watch = watchSamlCertificates({ store, metrics, log, everyMs: 50 });
  try {
    // During a roll-over the old certificate may end, and a disabled connection needs none.
    await expect.poll(seconds).toBeLessThan(366 * DAY_SECONDS);
    expect(await seconds()).toBeGreaterThan(300 * DAY_SECONDS);
    expect(lines).toEqual([]);
    await store.samlConnections.insert(late);
    await expect.poll(seconds).toBeLessThan(20 * DAY_SECONDS + 1);
    expect(await seconds()).toBeGreaterThan(19 * DAY_SECONDS);
    expect(lines[0]).toMatchObject({
      level: 40,
      connection: late.id,
      expiresAt: late.certificates[0]?.notAfter.toISOString(),
    });
    await expect.poll(async () => (await store.notices.due(10)).length).toBe(1);
    expect(await store.notices.due(10)).toMatchObject([
      { kind: "certificate.expiring", subject: late.id, detail: { certificate: "saml", days: 19 } },
    ]);
    // What has expired is forgotten, on FerretDB too: it may be used anew.
    await expect.poll(() => database.client.db(database.name).collection("samlUses").countDocuments()).toBe(0);
  } finally {
    watch.stop();
  }
});
