import { randomBytes } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { createMasterKeysFile, localKeyProvider } from "../../../src/store/sealing/master-keys.js";

const random = (bytes = 32) => randomBytes(bytes).toString("base64");
const coded = (code: string) => expect.objectContaining({ name: "StoreError", code }) as Error;
const aad = Buffer.from("what the data key is for");

describe("localKeyProvider", () => {
  it("wraps with the first key and unwraps with all of them", async () => {
    const [older, newer] = [`2025:${random()}`, `2026:${random()}`];
    const before = localKeyProvider(older);
    const dataKey = randomBytes(32);
    const { masterKeyId, wrapped } = await before.wrap(dataKey, aad);
    expect(masterKeyId).toBe("2025");
    const after = localKeyProvider(` ${newer} , ${older},`);
    expect(after.activeKeyId).toBe("2026");
    expect(Buffer.from(await after.unwrap(masterKeyId, wrapped, aad)).equals(dataKey)).toBe(true);
    expect((await after.wrap(dataKey, aad)).masterKeyId).toBe("2026");
  });

  it("fails closed: no such key, another key of that id, another binding, another id", async () => {
    const material = random();
    const provider = localKeyProvider(`a:${material}`);
    const { wrapped } = await provider.wrap(randomBytes(32), aad);
    await expect(localKeyProvider(`b:${random()}`).unwrap("a", wrapped, aad)).rejects.toThrow(coded("key_unknown"));
    await expect(localKeyProvider(`a:${random()}`).unwrap("a", wrapped, aad)).rejects.toThrow(
      coded("sealed_data_invalid"),
    );
    await expect(provider.unwrap("a", wrapped, Buffer.from("else"))).rejects.toThrow(coded("sealed_data_invalid"));
    await expect(localKeyProvider(`b:${material}`).unwrap("b", wrapped, aad)).rejects.toThrow(
      coded("sealed_data_invalid"),
    );
  });

  it.each([
    ["nothing", "", "no key"],
    ["no id", random(), "no id"],
    ["an id with spaces", `a b:${random()}`, "no id"],
    ["a short key", `a:${random(31)}`, "31 bytes"],
    ["a long key", `a:${random(33)}`, "33 bytes"],
    ["an empty key", "a:", "0 bytes"],
    ["all zeros", `a:${Buffer.alloc(32).toString("base64")}`, "zeros"],
    ["typed text", `a:${Buffer.from("correct horse battery staple 123").toString("base64")}`, "text"],
    ["hexadecimal text", `a:${Buffer.from(randomBytes(16).toString("hex")).toString("base64")}`, "text"],
    ["a repeated pattern", `a:${Buffer.alloc(32, randomBytes(4)).fill(0xff, 0, 1).toString("base64")}`, "repeats"],
    ["a pattern of half its length", `a:${Buffer.alloc(32, randomBytes(16)).toString("base64")}`, "repeats"],
    ["a half of zeros", `a:${Buffer.alloc(32).fill(randomBytes(16), 0, 16).toString("base64")}`, "repeats"],
    ["a count", `a:${Buffer.from(Array.from({ length: 32 }, (_, i) => 224 + i)).toString("base64")}`, "counts"],
    [
      "a count in steps",
      `a:${Buffer.from(Array.from({ length: 32 }, (_, i) => 200 + 7 * i)).toString("base64")}`,
      "counts",
    ],
    ["one key by two names", ((key) => `a:${key},b:${key}`)(random()), "another id"],
    ["no base64", `a:${random().slice(0, -4)}!!!=`, "base64"],
    ["an id twice", `a:${random()},a:${random()}`, "twice"],
  ])("refuses %s, naming the setting and not the key", (_what, text, problem) => {
    const refuse = () => localKeyProvider(text);
    expect(refuse).toThrow(coded("settings_invalid"));
    expect(refuse).toThrow(/^SEALPOST_MASTER_KEYS: /);
    expect(refuse).toThrow(problem);
    const material = text.split(":").at(-1) ?? "";
    if (material.length > 8) expect(refuse).not.toThrow(material.slice(0, 8));
  });
});

describe("createMasterKeysFile", () => {
  it("makes no key beside what stands in the file's place", () => {
    const directory = mkdtempSync(join(tmpdir(), "keys-"));
    for (const [name, stand, kind] of [
      ["folder", (path: string) => mkdirSync(path), /is a directory/],
      ["dangling", (path: string) => symlinkSync(join(directory, "gone"), path), /a link to a file that is not there/],
    ] as const) {
      const path = join(directory, name);
      stand(path);
      expect(() => createMasterKeysFile(path)).toThrow(coded("settings_invalid"));
      expect(() => createMasterKeysFile(path)).toThrow(kind);
    }
    expect(readdirSync(directory).sort()).toEqual(["dangling", "folder"]);
    rmSync(directory, { recursive: true });
  });

  const directory = mkdtempSync(join(tmpdir(), "sealpost-keys-"));
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it("makes one key for this user alone, and reads it afterwards", () => {
    const path = join(directory, "data", "master-keys");
    const made = createMasterKeysFile(path, new Date("2026-11-24T10:00:00Z"));
    expect(made.created).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(localKeyProvider(made.masterKeys).activeKeyId).toBe("local-2026-11-24");
    expect(createMasterKeysFile(path)).toEqual({ masterKeys: made.masterKeys, created: false });
    expect(readdirSync(join(directory, "data"))).toEqual(["master-keys"]);
  });

  it("refuses a file that others can read", () => {
    const path = join(directory, "open");
    createMasterKeysFile(path);
    chmodSync(path, 0o640);
    expect(() => createMasterKeysFile(path)).toThrow(coded("settings_invalid"));
    expect(() => createMasterKeysFile(path)).toThrow(/chmod 600/);
  });
});
