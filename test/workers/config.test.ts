import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ConfigError, loadConfig } from "../../src/workers/config.js";
import { newEnvironmentAdminKey } from "../../src/workers/environment-admin-key.js";

const directory = mkdtempSync(join(tmpdir(), "sealpost-config-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const file = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text);
  return join(directory, name);
};
function refusal(environment: NodeJS.ProcessEnv): ConfigError {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("not refused");
}
const ADMIN_KEY = newEnvironmentAdminKey();
const PRODUCTION = {
  NODE_ENV: "production",
  TEMPORAL_ADDRESS: "temporal:7233",
  MONGODB_URL: "mongodb://db/",
  SEALPOST_MASTER_KEYS: "a:b",
};

describe("loadConfig", () => {
  it("has a default for what need not be set; an empty value is none", () => {
    const config = loadConfig({ PORT: "", MONGODB_URL: "", NODE_ENV: "" });
    expect(config).toMatchObject({
      PORT: 8080,
      HOST: "127.0.0.1",
      ROLE: "all",
      SEALPOST_ALLOW_LOCAL_TARGETS: false,
      SEALPOST_TARGET_PORTS: [443, 8443],
      PUBLISH_BATCH_MAX: 500,
      PUBLISH_STARTS_IN_FLIGHT: 1,
      PUBLISH_DISPATCHES_IN_FLIGHT: 3,
      production: false,
      dataDir: resolve(".sealpost"),
    });
    expect(config.MONGODB_URL).toBeUndefined();
  });

  it.each([
    ["PORT", "http"],
    ["PORT", "65536"],
    ["PORT", "-1"],
    ["PORT", "80.5"],
    ["PORT", " 80"],
    ["ROLE", "Worker"],
    ["PUBLIC_URL", "example.com"],
    ["SEALPOST_ALLOW_LOCAL_TARGETS", "yes"],
    ["SEALPOST_TARGET_PORTS", "443,0"],
    ["SEALPOST_TARGET_PORTS", "https"],
    ["SEALPOST_EGRESS_ADDRESSES", "hooks.example.com"],
    ["SEALPOST_EGRESS_ADDRESSES", "198.51.100.7/33"],
    ["TEMPORAL_ADDRESS", "temporal"],
    ["TEMPORAL_ADDRESS", "http://temporal:7233"],
    ["TEMPORAL_DURABILITY", "high"],
    ["MONGODB_DATABASE", "a.b"],
    ["PUBLISH_BATCH_MAX", "0"],
    ["PUBLISH_BATCH_MAX", "501"],
    ["PUBLISH_STARTS_IN_FLIGHT", "65"],
    ["PUBLISH_DISPATCHES_IN_FLIGHT", "0"],
    ["PAYLOAD_LIMIT_BYTES", "1MB"],
    ["PARK_OPEN_DAYS", "91"],
    ["REQUESTS_PER_SECOND", "1e3"],
    ["WRONG_KEYS_PER_MINUTE", "0"],
    ["SHUTDOWN_DRAIN_SECONDS", "301"],
    ["SHUTDOWN_GRACE_SECONDS", "0"],
    ["LOG_LEVEL", "verbose"],
  ])("names %s when it is %j, with the value and what the key means", (key, value) => {
    const error = refusal({ [key]: value });
    expect(error.key).toBe(key);
    expect(error.message).toContain(`${key} "${value}" cannot be used: `);
    expect(error.message).toMatch(/^[^\n]{40,400}\.$/);
  });

  it.each([
    ["SEALPOST_ADMIN_KEY", "too short"],
    ["SEALPOST_ADMIN_KEY", "with spaces in the key"],
    ["MONGODB_URL", "postgres://user:hunter2@db"],
  ])("names %s and never quotes a secret", (key, value) => {
    const error = refusal({ [key]: value });
    expect(error.key).toBe(key);
    expect(error.message).toContain(`${key} cannot be used: `);
    expect(error.message).not.toContain(value);
    expect(error.message).not.toContain("hunter2");
  });
});

describe("SEALPOST_ADMIN_KEY", () => {
  it("is taken as `npm run admin-key` makes it", () => {
    for (let i = 0; i < 200; i++) {
      const key = newEnvironmentAdminKey();
      expect(loadConfig({ SEALPOST_ADMIN_KEY: key }).SEALPOST_ADMIN_KEY).toBe(key);
    }
  });
  const random = randomBytes(32);
  it.each([
    ["a password", "correct-horse-battery"],
    ["one of an earlier release", `sp_admin_${randomBytes(24).toString("base64url")}`],
    ["hexadecimal digits", `sp_admin_${random.toString("hex")}`],
    ["another prefix", `sp_${random.toString("base64url")}`],
    ["no prefix", random.toString("base64url")],
    ["padding", `sp_admin_${random.toString("base64url")}=`],
    ["standard base64", `sp_admin_${"+/".repeat(21)}A`],
    ["zeros", `sp_admin_${"A".repeat(43)}`],
    ["a word repeated", `sp_admin_${Buffer.from("swordfish".repeat(4).slice(0, 32)).toString("base64url")}`],
    [
      "another spelling of the last bits",
      `sp_admin_${Buffer.concat([random.subarray(0, 31), Buffer.of(0)])
        .toString("base64url")
        .slice(0, 42)}B`,
    ],
  ])("stops the start with the command that makes a new one when it is %s", (_what, key) => {
    const error = refusal({ SEALPOST_ADMIN_KEY: key });
    expect(error.key).toBe("SEALPOST_ADMIN_KEY");
    expect(error.message).toContain("npm run admin-key");
    expect(error.message).not.toContain(key);
    expect(error.message).not.toContain("\n");
  });
});

describe("secrets from files", () => {
  it("are read without the line's end", () => {
    expect(
      loadConfig({
        MONGODB_URL_FILE: file("url", "mongodb://db/\n"),
        SEALPOST_ADMIN_KEY_FILE: "",
        SEALPOST_ADMIN_KEY: ADMIN_KEY,
      }),
    ).toMatchObject({ MONGODB_URL: "mongodb://db/", SEALPOST_ADMIN_KEY: ADMIN_KEY });
  });
  it("are refused beside the key itself, and when the file cannot be read", () => {
    expect(refusal({ MONGODB_URL: "mongodb://db/", MONGODB_URL_FILE: file("other", "mongodb://db/") }).message).toBe(
      "MONGODB_URL and MONGODB_URL_FILE are both set: keep one of them.",
    );
    const missing = join(directory, "missing");
    expect(refusal({ SEALPOST_MASTER_KEYS_FILE: missing })).toMatchObject({
      key: "SEALPOST_MASTER_KEYS",
      message: expect.stringContaining(`names ${missing}, which cannot be read (ENOENT)`) as string,
    });
    expect(refusal({ SEALPOST_ADMIN_KEY_FILE: file("short", "hunter2\n") }).message).not.toContain("hunter2");
  });
});

describe("production", () => {
  it("starts with engines and keys of its own", () => {
    expect(loadConfig(PRODUCTION).production).toBe(true);
    expect(loadConfig({ NODE_ENV: "development" }).production).toBe(false);
  });
  it.each(["TEMPORAL_ADDRESS", "MONGODB_URL", "SEALPOST_MASTER_KEYS"])("refuses to start without %s", (key) => {
    expect(refusal({ ...PRODUCTION, [key]: "" })).toMatchObject({
      key,
      message: expect.stringMatching(new RegExp(`^${key} must be set with NODE_ENV=production`)) as string,
    });
  });
  it("refuses local targets", () => {
    expect(refusal({ ...PRODUCTION, SEALPOST_ALLOW_LOCAL_TARGETS: "1" }).key).toBe("SEALPOST_ALLOW_LOCAL_TARGETS");
  });
});
