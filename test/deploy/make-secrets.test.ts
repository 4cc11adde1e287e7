/** The script that makes the secrets, run for real, and what it makes read by the code that will read it. */
import { execFile } from "node:child_process";
import { X509Certificate, createPrivateKey } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parse } from "yaml";
import { localKeyProvider } from "../../src/store/sealing/master-keys.js";
import { loadConfig } from "../../src/workers/config.js";

const root = fileURLToPath(new URL("../..", import.meta.url));
const compose = parse(readFileSync(join(root, "docker-compose.yml"), "utf8").replace(/\$\{\w+:-([^}]*)\}/g, "$1"), {
  merge: true,
}) as { secrets: Record<string, unknown>; services: Record<string, { environment: Record<string, string> }> };
const parent = mkdtempSync(join(tmpdir(), "sealpost-secrets-"));
const dir = join(parent, "secrets");
const text = (name: string) => readFileSync(join(dir, name), "utf8");
const run = (...args: string[]) =>
  promisify(execFile)("sh", [join(root, "deploy/make-secrets.sh"), ...args], {
    env: { PATH: process.env.PATH, SEALPOST_SECRETS_DIR: dir },
  });

beforeAll(async () => {
  await run("hooks.example.com");
});
afterAll(() => rmSync(parent, { recursive: true, force: true }));

describe("make-secrets.sh", () => {
  it("makes exactly the secrets that docker-compose.yml mounts, and the key of the CA beside them", () => {
    expect(readdirSync(dir).sort()).toEqual([...Object.keys(compose.secrets), "ca.key"].sort());
    expect(statSync(dir).mode & 0o777).toBe(0o700);
    expect(statSync(join(dir, "ca.key")).mode & 0o777).toBe(0o400);
  });

  it("makes certificates of one CA, for the names that are dialled", () => {
    const ca = new X509Certificate(text("internal_ca"));
    const dialled = {
      edge_certificate: ["hooks.example.com"],
      mongo_server: ["mongo1", "mongo2", "mongo3", "localhost"],
      temporal_server_certificate: ["temporal"],
      postgres_certificate: ["postgres"],
      sealpost_mongo_client: [],
      mongo_admin_client: [],
      temporal_client_certificate: [],
      temporal_operator_certificate: [],
    };
    for (const [name, hosts] of Object.entries(dialled)) {
      const certificate = new X509Certificate(text(name));
      expect(certificate.verify(ca.publicKey), name).toBe(true);
      for (const host of hosts) expect(certificate.checkHost(host), `${name} ${host}`).toBe(host);
      const key = createPrivateKey(
        text(name.startsWith("temporal") || name.startsWith("postgres") ? name.replace("certificate", "key") : name),
      );
      expect(certificate.checkPrivateKey(key), name).toBe(true);
    }
  });

  it("makes a master key that seals, and an encryption key of 32 bytes for MongoDB", async () => {
    const provider = localKeyProvider(text("sealpost_master_keys").trim());
    const aad = Buffer.from("aad");
    const { masterKeyId, wrapped } = await provider.wrap(Buffer.alloc(32, 7), aad);
    expect(Buffer.from(await provider.unwrap(masterKeyId, wrapped, aad))).toEqual(Buffer.alloc(32, 7));
    expect(Buffer.from(text("mongo_encryption_key"), "base64")).toHaveLength(32);
    expect(text("mongo_cluster_key").length).toBeLessThanOrEqual(1024);
  });

  it.each(["api", "worker"])("gives the %s service settings that it accepts in production", (name) => {
    const environment = Object.fromEntries(
      Object.entries(compose.services[name]?.environment ?? {}).map(([key, value]) => [
        key,
        String(value).replace(/^\/run\/secrets/, dir),
      ]),
    );
    const config = loadConfig(environment);
    expect(config.production).toBe(true);
    expect(config.ROLE).toBe(name);
    expect(config.MONGODB_URL).toContain(`:${text("mongo_sealpost_password").trim()}@`);
    expect(config.MONGODB_URL).toContain("tls=true");
    // Nobody has named a mail server yet.
    expect(config.SMTP_URL).toBeUndefined();
    expect(environment["SMTP_URL_FILE"]).toBe(join(dir, "smtp_url"));
    expect(environment).toMatchObject({ MAIL_FROM: "", SMTP_CA_FILE: "" });
  });

  it("refuses to overwrite, and renews certificates without touching keys and passwords", async () => {
    const before = Object.fromEntries(readdirSync(dir).map((name) => [name, text(name)]));
    await expect(run()).rejects.toMatchObject({ code: 1 });
    expect(Object.fromEntries(readdirSync(dir).map((name) => [name, text(name)]))).toEqual(before);

    await run("--renew-certificates", "hooks.example.com");
    const changed = readdirSync(dir).filter((name) => text(name) !== before[name]);
    expect(changed).toContain("temporal_server_certificate");
    for (const name of changed) expect(text(name), name).toContain("-----BEGIN");
    expect(changed).not.toContain("internal_ca");
    expect(changed).not.toContain("ca.key");
  });

  it("refuses a host name that openssl would read as something else", async () => {
    await expect(run("--renew-certificates", "a.example/CN=b")).rejects.toMatchObject({ code: 2 });
  });
});
