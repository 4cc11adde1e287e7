import { MongoClient } from "mongodb";
import { expect, inject, it } from "vitest";
import { startProxy } from "../../../bench/chaos/proxy.js";
import { CLIENT_OPTIONS, isFerretDb } from "../../../src/store/mongo/connection.js";
import { watchHeartbeats } from "../../../src/store/mongo/heartbeats.js";

it("connects anew when the driver's monitor hangs after every connection broke at once", async () => {
  const proxy = await startProxy(() => new URL(inject("mongodbUrl")).host);
  // With the driver's own interval the hang comes every time. With ours it is rare. A member of a replica set names its
  // own address: without a direct connection the driver would go there, past the proxy.
  const client = new MongoClient(`mongodb://${proxy.address}/?directConnection=true`, {
    ...CLIENT_OPTIONS,
    heartbeatFrequencyMS: 10_000,
  });
  const find = () =>
    client
      .db("heartbeats")
      .collection<{ _id: string }>("none")
      .findOne({ _id: "x" })
      .then(
        () => "answers",
        () => "silent",
      );
  const warnings: string[] = [];
  const watch = watchHeartbeats(client, {
    info: () => undefined,
    warn: (_fields: object, text?: string) => void warnings.push(text ?? ""),
  });
  try {
    expect(await find()).toBe("answers");
    proxy.set("holdRequests");
    const asked = [find(), find()];
    // Long enough that new connections have been tried as well.
    await expect.poll(() => proxy.held(), { interval: 5 }).toBeGreaterThan(0);
    await new Promise((resume) => setTimeout(resume, 5_000));
    proxy.set("refuse");
    expect(await Promise.all(asked)).toEqual(["silent", "silent"]);
    proxy.set("pass");
    await expect.poll(find, { timeout: 40_000, interval: 100 }).toBe("answers");
    // FerretDB's answers make the driver hang here every time. With newer servers its monitor comes back by itself, and
    // nothing is to mend.
    if (await isFerretDb(client.db("heartbeats")))
      expect(warnings).toEqual(["a heartbeat to MongoDB hangs; connecting anew"]);
  } finally {
    watch.stop();
    await client.close(true);
    proxy.close();
  }
}, 90_000);
