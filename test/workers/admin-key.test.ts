import { afterAll, beforeAll, expect, inject, it } from "vitest";
import type { MongoStore } from "../../src/store/index.js";
import { ensureAdminKey } from "../../src/workers/admin-key.js";
import { loadConfig } from "../../src/workers/config.js";
import { newEnvironmentAdminKey } from "../../src/workers/environment-admin-key.js";
import { openDatabase, type TestDatabase } from "../store/database.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "adminkey");
  store = await database.openStore();
});
afterAll(() => database?.close());

it(
  "makes a key at the first start alone, keeps only its hash, and makes another when that one " + "was revoked",
  async () => {
    expect(await ensureAdminKey(store, loadConfig({ SEALPOST_ADMIN_KEY: newEnvironmentAdminKey() }))).toEqual({
      from: "environment",
    });
    expect(await store.apiKeys.all()).toEqual([]);

    const made = await ensureAdminKey(store, loadConfig({}));
    if (made.from !== "now") throw new Error(`made: ${made.from}`);
    const [key] = await store.apiKeys.all();
    expect(made.token).toMatch(new RegExp(`^sp_${key?.id ?? "none"}_[A-Za-z0-9_-]{43}$`));
    expect(key).toMatchObject({ role: "admin" });
    expect(JSON.stringify(key)).not.toContain(made.token.slice(-20));
    expect((await store.audit.list({ limit: 10 })).data).toMatchObject([
      { actor: "service", action: "api_key.create", subject: key?.id },
      { action: "audit.begin" },
    ]);
    expect(await ensureAdminKey(store, loadConfig({}))).toEqual({ from: "earlier start" });

    await store.apiKeys.update(key?.id ?? "", (current) => ({ ...current, revokedAt: new Date() }));
    expect(await ensureAdminKey(store, loadConfig({}))).toMatchObject({ from: "now" });
  },
);
