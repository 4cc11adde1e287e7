import { afterAll, beforeAll, expect, inject, test } from "vitest";
import type { EndpointChain } from "../../../src/store/collections/endpoint-chains.js";
import type { MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { openDatabase, type TestDatabase } from "../database.js";
import { subscription } from "../fixtures.js";

let database: TestDatabase;
let store: MongoStore;
let other: MongoStore;

beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "endpoint_chains");
  store = await database.openStore();
  other = await database.openStore();
});
afterAll(() => database.close());

const chain = (subscriptionId: string, over: Partial<EndpointChain> = {}): EndpointChain => ({
  subscriptionId,
  groupId: "grp_1",
  host: "hooks.acme.example",
  tlsProtocol: "TLSv1.3",
  accepted: true,
  certificates: [
    {
      subject: "CN=hooks.acme.example",
      issuer: "CN=Authority",
      serial: "0a",
      names: ["hooks.acme.example"],
      notBefore: "2026-01-01T00:00:00.000Z",
      notAfter: "2027-01-01T00:00:00.000Z",
      sha256: "ab",
    },
  ],
  since: new Date("2026-11-01T00:00:00Z"),
  ...over,
});

test("only a change is written, and another process reads it", async () => {
  const first = chain("sub_a");
  expect(await store.endpointChains.record(first)).toBe(true);
  expect(await other.endpointChains.record(chain("sub_a", { since: new Date() }))).toBe(false);
  expect(await other.endpointChains.get("sub_a")).toEqual(first);
  const { tlsProtocol: _none, ...failed } = chain("sub_a", { accepted: false, since: new Date("2026-11-02") });
  expect(await other.endpointChains.record(failed)).toBe(true);
  expect(await store.endpointChains.get("sub_a")).toEqual(failed);
});

test("it lies sealed, because it names hosts", async () => {
  await store.endpointChains.record(chain("sub_sealed"));
  const raw = await database.client
    .db(database.name)
    .collection<{ _id: string }>("endpointChains")
    .findOne({ _id: "sub_sealed" }, { raw: true });
  const bytes = Buffer.from(raw as unknown as Uint8Array).toString("latin1");
  expect(bytes).toContain("grp_1");
  expect(bytes).not.toContain("acme");
});

test("it goes with its subscription, and with its group's key", async () => {
  await store.subscriptions.insert(subscription("sub_gone"));
  await store.endpointChains.record(chain("sub_gone"));
  await store.subscriptions.delete("sub_gone");
  expect(await other.endpointChains.get("sub_gone")).toBeUndefined();
  await store.endpointChains.record(chain("sub_erased", { groupId: "grp_erased" }));
  await store.erasures.erase("group/grp_erased", "key:k");
  expect(await store.endpointChains.get("sub_erased")).toBeUndefined();
});
