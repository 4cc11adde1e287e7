/**
 * What a service leaves on the machine: files that only its user may read, and children that know nothing of its
 * secrets.
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { narrowDirectory, narrowLog } from "../../src/workers/private-files.js";
import { createClient, createSubscriptionSet } from "../support/client.js";
import { type Service, startService } from "../support/service.js";

const directory = mkdtempSync(join(tmpdir(), "sealpost-private-"));
afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 5 }));

/** Everything below, itself included, with its rights. */
function rightsBelow(path: string): { path: string; rights: number; directory: boolean }[] {
  const { mode } = lstatSync(path);
  const isDirectory = lstatSync(path).isDirectory();
  const below = isDirectory ? readdirSync(path).flatMap((name) => rightsBelow(join(path, name))) : [];
  return [{ path, rights: mode & 0o777, directory: isDirectory }, ...below];
}
const openPaths = (path: string): string[] =>
  rightsBelow(path)
    .filter((each) => each.rights !== (each.directory ? 0o700 : 0o600))
    .map((each) => `${each.path} ${each.rights.toString(8)}`);

const parentOf = (pid: string): string | undefined => {
  try {
    return readFileSync(`/proc/${pid}/stat`, "utf8")
      .replace(/^.*\) /, "")
      .split(" ")[1];
  } catch {
    return undefined;
  }
};
/** Children of children, too. */
function descendantsOf(pid: number): string[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const children = pids.filter((each) => parentOf(each) === String(pid));
  return children.flatMap((child) => [child, ...descendantsOf(Number(child))]);
}
const environmentOf = (pid: string): string[] =>
  readFileSync(`/proc/${pid}/environ`, "utf8")
    .split("\0")
    .filter(Boolean)
    .map((each) => each.slice(0, each.indexOf("=")));

describe.skipIf(process.platform !== "linux")(
  "a service that is started with an umask of 0 (its children are looked at in /proc, which only Linux has)",
  () => {
    const dataDir = join(directory, "data");
    const logFile = join(directory, "elsewhere", "service.log");
    const secret = randomBytes(32).toString("base64");
    let service: Service;
    let before = 0;

    beforeAll(async () => {
      before = process.umask(0);
      // Left by an earlier release, for all to read.
      mkdirSync(join(dataDir, "logs"), { recursive: true, mode: 0o777 });
      mkdirSync(join(directory, "elsewhere"), { mode: 0o755 });
      for (const file of [
        join(dataDir, "logs", "temporal.log.1"),
        join(dataDir, "erasures.jsonl"),
        logFile,
        `${logFile}.1`,
        `${logFile}-20260101.gz`,
      ])
        writeFileSync(file, "", { mode: 0o666 });
      service = await startService({
        dataDir,
        env: {
          LOG_FILE: logFile,
          SEALPOST_MASTER_KEYS: `first:${secret}`,
          SEALPOST_DEMO: "1",
          AWS_SECRET_ACCESS_KEY: "not-yours",
        },
      });
      const client = createClient(service.url, service.adminKey);
      const set = await createSubscriptionSet(client, { name: "private", urls: ["https://8.8.8.8/hook"] });
      expect((await client.post("/v1/events", { type: set.eventType, data: {} })).status).toBe(202);
      expect((await client.delete(`/v1/subscriptions/${set.subscriptions[0]?.id ?? ""}`)).status).toBe(204);
      expect((await client.delete(`/v1/groups/${set.groupId}?cascade=true`)).status).toBe(204);
      await client.close();
    }, 240_000);
    afterAll(async () => {
      process.umask(before);
      await service?.remove();
    });

    test("gives its children nothing of its environment but what they need", () => {
      const children = descendantsOf(service.pids().service);
      const { temporal = 0, mongodb = 0 } = service.pids();
      expect(children).toEqual(expect.arrayContaining([String(temporal), String(mongodb)]));
      expect(children.length, "Temporal, its watchdog, the database").toBeGreaterThanOrEqual(3);
      for (const child of children) {
        const command = readFileSync(`/proc/${child}/cmdline`, "utf8").replaceAll("\0", " ");
        expect(
          environmentOf(child).filter(
            (name) =>
              !["PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "PWD", "SHLVL", "_", "OLDPWD"].includes(
                name,
              ),
          ),
          command,
        ).toEqual([]);
        expect(readFileSync(`/proc/${child}/environ`, "utf8")).not.toContain(secret);
      }
      expect(environmentOf(String(service.pids().service)), "else none of this sees anything").toEqual(
        expect.arrayContaining(["SEALPOST_MASTER_KEYS", "AWS_SECRET_ACCESS_KEY"]),
      );
    });

    test("leaves no file below its data directory, and no log, that others can read", async () => {
      await expect
        .poll(() => readdirSync(join(dataDir, "temporal")), { timeout: 20_000 })
        .toContain("temporal.sqlite-wal");
      expect(readFileSync(join(dataDir, "erasures.jsonl"), "utf8")).toContain("group/");
      expect(rightsBelow(dataDir).length, "else none of this sees anything").toBeGreaterThan(10);
      expect(openPaths(dataDir)).toEqual([]);
      for (const log of [logFile, `${logFile}.1`, `${logFile}-20260101.gz`])
        expect((statSync(log).mode & 0o777).toString(8), log).toBe("600");
      // Not ours to change: somebody else's files may be in it.
      expect((statSync(join(directory, "elsewhere")).mode & 0o777).toString(8)).toBe("755");
      expect(await service.stop()).toBe(0);
      expect(openPaths(dataDir)).toEqual([]);
    });

    test("narrows at the next start what was opened meanwhile", async () => {
      for (const { path, directory: isDirectory } of rightsBelow(dataDir)) chmodSync(path, isDirectory ? 0o755 : 0o644);
      const again = await startService({
        dataDir,
        adminKey: service.adminKey,
        env: { SEALPOST_MASTER_KEYS: `first:${secret}` },
      });
      try {
        expect(openPaths(dataDir)).toEqual([]);
        expect(again.log()).toMatch(/^Other users of this machine could read \d+ files and directories/m);
      } finally {
        await again.remove();
      }
    });
  },
);

describe("narrowing", () => {
  test("leaves links and what they lead to alone, and keeps the owner's rights", () => {
    const below = join(directory, "narrow");
    mkdirSync(below);
    const outside = join(directory, "outside");
    writeFileSync(outside, "", { mode: 0o644 });
    symlinkSync(outside, join(below, "link"));
    writeFileSync(join(below, "program"), "");
    chmodSync(join(below, "program"), 0o755);
    chmodSync(below, 0o755);
    expect(narrowDirectory(below).sort()).toEqual([below, join(below, "program")]);
    expect(statSync(outside).mode & 0o777).toBe(0o644);
    expect(statSync(join(below, "program")).mode & 0o777).toBe(0o700);
    expect(narrowDirectory(below)).toEqual([]);
  });

  test("leaves a directory alone that everybody writes to, and one that is not there", () => {
    const shared = join(directory, "shared");
    mkdirSync(shared);
    chmodSync(shared, 0o1777);
    expect(narrowDirectory(shared)).toEqual([]);
    expect(narrowDirectory(join(directory, "none"))).toEqual([]);
    expect(existsSync(join(directory, "none"))).toBe(false);
  });

  test("of a log takes the older ones beside it along, and no other file", () => {
    const logs = join(directory, "logs");
    mkdirSync(logs);
    const names = ["a.log", "a.log.1", "a.log.2.gz", "a.log-20260101", "a.logbook", "b.log"];
    for (const name of names) {
      writeFileSync(join(logs, name), "");
      chmodSync(join(logs, name), 0o644);
    }
    expect(
      narrowLog(join(logs, "a.log"))
        .map((path) => path.slice(logs.length + 1))
        .sort(),
    ).toEqual(["a.log", "a.log-20260101", "a.log.1", "a.log.2.gz"]);
  });
});
