/** The guards of the protocol, as a predicate and as a filter of a real store. */
import { MongoClient } from "mongodb";
import { afterAll, beforeAll, expect, inject, it } from "vitest";
import {
  renewedBefore,
  changedTimes,
  type RecordGuard,
  matches,
  notRenewedSince,
  ownedBy,
} from "../../../src/store/mongo/guards.js";

const AT = new Date("2026-01-01T10:00:00.000Z");
const LATER = new Date("2026-01-01T10:00:00.001Z");
interface Guarded {
  _id: string;
  owner?: string;
  renewedAt?: Date;
  seq?: number;
  renewal?: number;
}
const DOCUMENTS: Guarded[] = [
  { _id: "a" },
  { _id: "a", owner: "one" },
  { _id: "a", owner: "two", seq: 1 },
  { _id: "a", renewedAt: AT, renewal: 1 },
  { _id: "a", renewedAt: LATER, seq: 2, renewal: 2 },
  { _id: "b", owner: "one", renewedAt: AT, seq: 1 },
];
const GUARDS: Record<string, RecordGuard> = {
  "an owner": ownedBy("a", "one"),
  "another owner": ownedBy("a", "two"),
  "an announcement that is older": renewedBefore("a", 2),
  "an announcement as it was seen": notRenewedSince("a", AT),
  "a renewed one": notRenewedSince("a", LATER),
  "a delivery that was never changed": changedTimes("a", 0),
  "a delivery that was changed once": changedTimes("a", 1),
};

let client: MongoClient;
beforeAll(async () => void (client = await MongoClient.connect(inject("mongodbUrl"))));
afterAll(() => client?.close());

it.each(Object.entries(GUARDS))("lets through what the predicate lets through: %s", async (name, guard) => {
  const database = client.db(`guards_${Math.random().toString(36).slice(2)}`);
  const verdicts = DOCUMENTS.map((document) => matches(document, guard));
  // Each guard lets something through, and not everything.
  expect(new Set(verdicts)).toEqual(new Set([true, false]));
  try {
    for (const [place, document] of DOCUMENTS.entries()) {
      const collection = database.collection<Guarded>(`c${place}`);
      await collection.insertOne(document);
      const { matchedCount } = await collection.updateOne({ ...guard }, { $set: { touched: name } });
      expect(matchedCount === 1, JSON.stringify(document)).toBe(verdicts[place]);
    }
  } finally {
    await database.dropDatabase();
  }
  expect(matches(undefined, guard)).toBe(false);
});
