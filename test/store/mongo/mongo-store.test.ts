import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Recovery } from "../../../src/store/collections/recoveries.js";
import { noProgress } from "../../../src/workflows/recovery/recovery-contract.js";
import { connectStore, type MongoStore } from "../../../src/store/mongo/mongo-store.js";
import { masterKey, openDatabase, type TestDatabase } from "../database.js";
import { engineAtHand, startOwnEngine, type OwnEngine } from "../engine.js";
import { AT, attempt, coded, delivery, event, subscription } from "../fixtures.js";

describe("store", () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await openDatabase(inject("mongodbUrl"), "store")));
  afterAll(() => database.close());

  it("hashes alike in every process and after a restart, apart by label", async () => {
    const [first, second] = await Promise.all([database.openStore(), database.openStore()]);
    const hash = Buffer.from(first.blindIndex("api-key", "secret"));
    expect(hash).toHaveLength(32);
    expect(Buffer.from(second.blindIndex("api-key", "secret"))).toEqual(hash);
    expect(Buffer.from((await database.openStore()).blindIndex("api-key", "secret"))).toEqual(hash);
    expect(Buffer.from(first.blindIndex("api-ke", "ysecret"))).not.toEqual(hash);
    expect(Buffer.from(first.blindIndex("other", "secret"))).not.toEqual(hash);
    const elsewhere = await openDatabase(inject("mongodbUrl"), "pepper");
    expect(Buffer.from((await elsewhere.openStore()).blindIndex("api-key", "secret"))).not.toEqual(hash);
    await elsewhere.close();
  });

  it("is opened for the first time by ten processes at once, and counts every change", async () => {
    const own = await openDatabase(inject("mongodbUrl"), "first");
    const stores = await Promise.all(Array.from({ length: 10 }, () => own.openStore()));
    const hashes = new Set(stores.map((store) => Buffer.from(store.blindIndex("x", "y")).toString("hex")));
    expect(hashes.size).toBe(1);
    await Promise.all(
      stores.map((store, i) => store.apis.insert({ id: `api_${i}`, name: "n", createdAt: AT, updatedAt: AT })),
    );
    expect(await stores[0]?.catalogueVersion()).toBe(10);
    await own.close();
  });

  it("does not open with the wrong master keys, and opens again with the right ones", async () => {
    await database.openStore();
    const [id, material] = [masterKey("m1"), masterKey("m2")];
    await expect(database.openStore(material)).rejects.toThrow(coded("key_unknown"));
    await expect(database.openStore(material)).rejects.toThrow(/"m1".*SEALPOST_MASTER_KEYS/);
    await expect(database.openStore(id)).rejects.toThrow(coded("sealed_data_invalid"));
    await expect(database.openStore("")).rejects.toThrow(coded("settings_invalid"));
    await expect(database.openStore(database.masterKeys)).resolves.toBeDefined();
  });

  it("keeps recoveries and the audit trail", async () => {
    const store = await database.openStore();
    const recovery: Recovery = {
      id: "rec_1",
      filter: { status: ["parked"], since: 5 },
      status: "running",
      progress: noProgress(),
      count: 3,
      createdBy: "key:1",
      createdAt: AT,
      updatedAt: AT,
    };
    await store.recoveries.insert(recovery);
    expect(await store.recoveries.get("rec_1")).toEqual(recovery);
    const progress = { ...noProgress(), found: 2, sent: 2 };
    await store.recoveries.report("rec_1", { status: "paused", progress });
    const after = await store.recoveries.get("rec_1");
    expect(after).toEqual({ ...recovery, status: "paused", progress, updatedAt: after?.updatedAt });
    await expect(store.recoveries.insert(recovery)).rejects.toThrow(coded("duplicate"));
    expect(await store.recoveries.get("rec_none")).toBeUndefined();

    for (let i = 0; i < 3; i++)
      await store.audit.append({
        actor: "key:1",
        action: `act.${i}`,
        subject: "sub_1",
        ...(i === 1 && { detail: { "$a.b": 1 } }),
      });
    const first = await store.audit.list({ limit: 2 });
    expect(first.data.map(({ action }) => action)).toEqual(["act.2", "act.1"]);
    expect(first.data[1]?.detail).toEqual({ "$a.b": 1 });
    const second = await store.audit.list({ limit: 2, cursor: first.next ?? "" });
    expect(second.data.map(({ action, next }: { action: string; next?: string }) => [action, next])).toEqual([
      ["act.0", undefined],
      ["audit.begin", undefined],
    ]);
  });

  it("reports how many seals each data key has made when it closes", async () => {
    const own = await openDatabase(inject("mongodbUrl"), "seals");
    const store = await own.openStore();
    await store.events.insertMany([event("evt_1"), event("evt_2")]);
    await store.close();
    // Payload and fingerprint of two events.
    expect(
      await own.client.db(own.name).collection<{ _id: string }>("dataKeys").findOne({ _id: "api/api_1#1" }),
    ).toMatchObject({ seals: 4 });
    await own.close();
  });

  it("makes secondary indexes on MongoDB and none on FerretDB", async () => {
    const store = await database.openStore();
    await store.deliveries.insertMany([delivery("evt_index")]);
    const indexes = await database.client.db(database.name).collection("deliveries").indexes();
    // The one on `_id` is always there.
    expect(indexes.length > 1).toBe(!store.ferretDb);
  });
});

const unavailable = engineAtHand() ? false : "no database engine is on this machine yet";
if (unavailable) process.stdout.write(`skipped: the store over an engine of its own (${unavailable})\n`);

describe.skipIf(unavailable)("store over an engine of its own", () => {
  let engine: OwnEngine;
  let store: MongoStore;
  const masterKeys = masterKey("m1");

  beforeAll(async () => {
    engine = await startOwnEngine();
    store = await connectStore({ mongodbUrl: engine.url, masterKeys });
  });
  afterAll(async () => {
    await store.close();
    await engine.stop();
  });

  it("leaves no secret and no payload in the files of the database", async () => {
    const canary = () => `canary${randomBytes(16).toString("hex")}`;
    const secrets = {
      payload: canary(),
      own: canary(),
      secret: canary(),
      password: canary(),
      clientKey: canary(),
      body: canary(),
      header: canary(),
      recorded: canary(),
      key: canary(),
    };
    const visible = canary();
    await store.subscriptions.insert(
      subscription("sub_1", {
        name: visible,
        secrets: [{ secret: secrets.secret, createdAt: AT }],
        auth: { type: "basic", username: "u", password: secrets.password },
        tls: { clientKey: secrets.clientKey },
      }),
    );
    await store.events.insertMany([
      event("evt_1", secrets.payload),
      event("evt_2", secrets.own, { groups: ["grp_1"] }),
    ]);
    const detail = {
      url: "https://consumer.example",
      requestHeaders: { "x-trace": secrets.header },
      responseBody: secrets.body,
    };
    await store.deliveries.insertMany([delivery("evt_1", "sub_1", { attempts: [attempt(1, { detail })] })]);
    await store.deliveries.record([
      {
        id: "evt_1.sub_1",
        groupId: "grp_1",
        status: "delivered",
        attempt: attempt(2, { detail: { ...detail, responseBody: secrets.recorded } }),
      },
    ]);
    await store.apiKeys.insert({
      id: "key_1",
      name: "n",
      role: "admin",
      createdAt: AT,
      hash: store.blindIndex("api-key", secrets.key),
    });
    expect((await store.deliveries.get("evt_1.sub_1"))?.attempts[1]?.detail?.responseBody).toBe(secrets.recorded);

    const files = readdirSync(engine.dataDir, { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const holding = (text: string) => {
      const forms = [text, Buffer.from(text).toString("base64").slice(0, -4), Buffer.from(text).toString("hex")];
      return files
        .map((file) => join(file.parentPath, file.name))
        .filter((path) => forms.some((form) => readFileSync(path).includes(form)));
    };
    // The search finds what is not sealed, so it would find the rest.
    expect(holding(visible)).not.toEqual([]);
    for (const [what, secret] of Object.entries(secrets)) expect(holding(secret), what).toEqual([]);
    const material = masterKeys.slice(masterKeys.indexOf(":") + 1);
    expect(holding(material)).toEqual([]);
  });

  it("answers `unavailable` in time while the database hangs, and goes on when it is back", async () => {
    await store.events.insertMany([event("evt_before")]);
    process.kill(engine.pid, "SIGSTOP");
    try {
      // The signal takes effect only when one of the engine's threads gets to run.
      await expect
        .poll(
          () =>
            store.ping(300).then(
              () => "up",
              () => "hung",
            ),
          { timeout: 10_000 },
        )
        .toBe("hung");
      const calls = {
        insert: store.events.insertMany([event("evt_hung")]),
        read: store.events.get("evt_before"),
        record: store.deliveries.record([{ id: "evt_1.sub_1", status: "held" }]),
        catalogue: store.catalogueVersion(),
        ping: store.ping(1_000),
      };
      // Far above the deadline of 3.5 s, far below the socket's 30 s: a hang that nobody bounds would show.
      const late = AbortSignal.timeout(10_000);
      const limit = new Promise((_resolve, reject) =>
        late.addEventListener("abort", () => reject(new Error("not in time"))),
      );
      const outcomes = await Promise.allSettled(
        Object.values(calls).map((call) => Promise.race<unknown>([call, limit])),
      );
      const reasons = Object.keys(calls).map((what, i) => [
        what,
        outcomes[i]?.status === "rejected" ? (outcomes[i].reason as unknown) : "answered",
      ]);
      expect(reasons).toEqual(Object.keys(calls).map((what) => [what, coded("unavailable")]));
    } finally {
      process.kill(engine.pid, "SIGCONT");
    }
    await expect
      .poll(
        () =>
          store.ping(2_000).then(
            () => "up",
            () => "down",
          ),
        { timeout: 30_000 },
      )
      .toBe("up");
    expect((await store.events.get("evt_before"))?.id).toBe("evt_before");
    expect(await store.events.insertMany([event("evt_after")])).toEqual([]);
  });
});
