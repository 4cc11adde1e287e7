import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { runRotation } from "../../../src/workers/commands/rotate-keys.js";
import { masterKey, openDatabase, type TestDatabase } from "../../store/database.js";
import { coded, event, subscription } from "../../store/fixtures.js";

describe("runRotation", () => {
  let database: TestDatabase;
  const mongodbUrl = inject("mongodbUrl");
  beforeAll(async () => (database = await openDatabase(mongodbUrl, "rotate")));
  afterAll(() => database.close());

  it("lets the old master key go: the store opens and reads with the new one alone", async () => {
    const store = await database.openStore();
    await store.subscriptions.insert(subscription("sub_1"));
    await store.events.insertMany([event("evt_1")]);
    const pepper = Buffer.from(store.blindIndex("x", "y"));

    const newer = masterKey("m2");
    const lines: string[] = [];
    const rotate = () =>
      runRotation({
        mongodbUrl,
        database: database.name,
        masterKeys: `${newer},${database.masterKeys}`,
        log: (line) => lines.push(line),
      });
    // Of the api, the group and the system.
    expect(await rotate()).toEqual({ rewrapped: 3, failed: [] });
    expect(await rotate()).toEqual({ rewrapped: 0, failed: [] });
    expect(lines[0]).toContain('3 data keys wrapped under "m2"');

    const after = await database.openStore(newer);
    expect((await after.audit.list({ limit: 10 })).data.filter(({ action }) => action !== "audit.begin")).toMatchObject(
      [
        {
          action: "master_key.rotate",
          subject: "m2",
          actor: expect.stringMatching(/^command:/) as string,
          detail: { rewrapped: 0, failed: 0 },
        },
        { action: "master_key.rotate", subject: "m2", detail: { rewrapped: 3, failed: 0 } },
      ],
    );
    expect(await after.audit.verify()).toMatchObject({ ok: true, open: [] });
    expect(await after.subscriptions.get("sub_1")).toEqual(subscription("sub_1"));
    expect(Buffer.from((await after.events.payload("evt_1")) ?? []).toString()).toBe("payload of evt_1");
    expect(Buffer.from(after.blindIndex("x", "y"))).toEqual(pepper);
    await expect(database.openStore()).rejects.toThrow(coded("key_unknown"));
  });

  it("says which master key is missing, without key material", async () => {
    const lines: string[] = [];
    const { failed } = await runRotation({
      mongodbUrl,
      database: database.name,
      masterKeys: masterKey("m3"),
      log: (line) => lines.push(line),
    });
    expect(failed.sort()).toEqual(["api/api_1#1", "group/grp_1#1", "system#1"]);
    expect(lines.join("\n")).toMatch(/3 are under a master key that is not in SEALPOST_MASTER_KEYS/);
    await expect(runRotation({ mongodbUrl, masterKeys: "m3:short", log: () => undefined })).rejects.toThrow(
      coded("settings_invalid"),
    );
  });
});
