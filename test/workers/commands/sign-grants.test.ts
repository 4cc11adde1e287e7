import { Binary } from "mongodb";
import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { MongoStore } from "../../../src/store/index.js";
import { announce } from "../../../src/workers/announce.js";
import { loadConfig } from "../../../src/workers/config.js";
import type { Engines } from "../../../src/workers/engines/index.js";
import { parseCommand, runSigning } from "../../../src/workers/commands/sign-grants.js";
import { openDatabase, type TestDatabase } from "../../store/database.js";

let database: TestDatabase;
let store: MongoStore;
beforeAll(async () => {
  database = await openDatabase(inject("mongodbUrl"), "sign");
  store = await database.openStore();
});
afterAll(() => database?.close());

const AT = new Date("2026-01-01T00:00:00Z");
async function run(...args: string[]): Promise<{ good: boolean; text: string }> {
  const lines: string[] = [];
  const good = await runSigning({
    store: await database.openStore(),
    command: parseCommand(args),
    say: (line) => void lines.push(line),
    settleMs: 0,
  });
  return { good, text: lines.join("\n") };
}

describe("a start", () => {
  const engines: Engines = {
    temporal: { address: "127.0.0.1:7233", how: "given", embedded: false },
    mongodb: { url: "mongodb://127.0.0.1/", how: "given", embedded: false, ferretDb: false },
    died: new Promise(() => undefined),
    stop: async () => undefined,
  };
  const said = (unsigned: boolean): string[] => {
    const lines: string[] = [];
    announce({
      config: loadConfig({}),
      url: "http://127.0.0.1:1",
      engines,
      admin: undefined,
      demo: false,
      trial: false,
      unsigned,
      logFile: undefined,
      say: (line) => void lines.push(line),
    });
    return lines;
  };

  it("on a database from before signing says in one sentence what to run, and nothing of it afterwards", () => {
    expect(said(true).filter((line) => line.includes("npm run grants:sign"))).toHaveLength(1);
    expect(said(false).join("\n")).not.toContain("grants:sign");
  });
});

describe("npm run grants:sign", () => {
  it.each([
    ["--everything"],
    ["--accept"],
    ["key_1"],
    ["--accept", "sessions/ses_1"],
    ["--accept", "apiKeys/../x"],
    ["--rotate", "--restored"],
    ["--rotate", "--accept", "apiKeys/key_1"],
  ])("refuses %s %s with how to use it", (...args) => {
    expect(() => parseCommand(args)).toThrow(/^Use: npm run grants:sign/);
  });

  it("shows what it signs, without secrets and control characters, and names what it refuses", async () => {
    await store.apiKeys.insert({
      id: "key_1",
      name: "ci \u001b[31m",
      role: "provider",
      apiIds: ["api_1"],
      hash: Buffer.alloc(32, 7),
      createdAt: AT,
    });
    await store.groups.insert({
      id: "grp_1",
      name: "Acme",
      grants: ["api_1"],
      samlGroups: ["hooks"],
      createdAt: AT,
      updatedAt: AT,
    });
    const rows = database.client.db(database.name).collection<{ _id: string }>("apiKeys");
    await rows.insertOne({
      _id: "key_2",
      name: "mine",
      role: "admin",
      hash: new Binary(Buffer.alloc(32)),
      createdAt: AT,
      version: 1,
    } as { _id: string });

    const dry = await run("--dry-run");
    expect(dry.good).toBe(false);
    expect(dry.text).toContain('good        apiKeys/key_1  name="ci \\u001b[31m" role="provider" apiIds=["api_1"]');
    expect(dry.text).toContain('good        groups/grp_1  name="Acme" samlGroups=["hooks"] grants=["api_1"]');
    expect(dry.text).toContain("apiKeys: 2 (1 good, 1 unsigned), by role: 1 admin, 1 provider (revoked ones apart)");
    expect(dry.text).not.toContain(Buffer.alloc(32, 7).toString("base64"));
    expect(dry.text).not.toContain("\u001b");

    const refused = await run();
    expect(refused).toMatchObject({
      good: false,
      text: expect.stringContaining("REFUSED (unsigned): apiKeys/key_2") as string,
    });
    expect(await store.apiKeys.get("key_2")).toBeUndefined();
    await expect(run("--accept", "apiKeys/key_3")).rejects.toThrow("There is no apiKeys/key_3. Nothing was changed.");
    expect(await run("--accept", "apiKeys/key_2")).toMatchObject({ good: true });
    expect(await store.apiKeys.get("key_2")).toMatchObject({ role: "admin" });
    expect(await run("--rotate")).toMatchObject({ good: true });
    expect(await run("--restored")).toMatchObject({ good: true });
    const acts = (await store.audit.list({ limit: 50 })).data.filter(({ action }) => action.startsWith("grants."));
    expect(acts).toMatchObject([
      { action: "grants.restored" },
      { action: "grants.rotate" },
      { action: "grants.sign", detail: { signed: 1, accepted: ["apiKeys/key_2"] } },
      { action: "grants.sign", detail: { signed: 0, refused: 1 } },
    ]);
    expect((await (await database.openStore()).apiKeys.all()).map(({ id }) => id).sort()).toEqual(["key_1", "key_2"]);
  });
});
