/** What scripts/signatures.mjs makes of npm's words. A program on the PATH says them in npm's place. */
import { execFile } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { repositoryRoot } from "../support/build.js";

const directory = mkdtempSync(join(tmpdir(), "sealpost-signatures-"));
afterAll(() => rmSync(directory, { recursive: true, force: true }));

/** Exit code and words of the script, when npm says this. */
function judged(npmSays: string): Promise<{ code: unknown; said: string }> {
  writeFileSync(join(directory, "said"), npmSays);
  writeFileSync(join(directory, "npm"), `#!/bin/sh\ncat '${join(directory, "said")}'\nexit 1\n`);
  chmodSync(join(directory, "npm"), 0o755);
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(repositoryRoot(), "scripts/signatures.mjs")],
      { env: { PATH: `${directory}${delimiter}${process.env["PATH"] ?? ""}` } },
      (error, stdout, stderr) => resolve({ code: error?.code ?? 0, said: stdout + stderr }),
    );
  });
}

const left = { name: "left", version: "1.0.0", registry: "https://registry.example/" };

it.each<[string, string, number, RegExp]>([
  ["all are good", JSON.stringify({ invalid: [], missing: [] }), 0, /every installed package/],
  [
    "one is wrong",
    JSON.stringify({ invalid: [{ ...left, code: "EINTEGRITYSIGNATURE" }], missing: [] }),
    1,
    /left@1\.0\.0 \(EINTEGRITYSIGNATURE\)/,
  ],
  ["one is missing", JSON.stringify({ invalid: [], missing: [left] }), 1, /missing: left@1\.0\.0/],
  [
    "the key of one has expired",
    JSON.stringify({ error: { code: "EEXPIREDSIGNATUREKEY", summary: "left@1.0.0 has a key that expired" } }),
    1,
    /EEXPIREDSIGNATUREKEY: left@1\.0\.0/,
  ],
  [
    "the registry does not answer",
    JSON.stringify({ error: { code: "ENOTFOUND", summary: "getaddrinfo ENOTFOUND registry.example" } }),
    0,
    /not checked.*ENOTFOUND: getaddrinfo/,
  ],
  [
    "the registry has no keys",
    JSON.stringify({ error: { code: null, summary: "found no dependencies from a supported registry" } }),
    0,
    /not checked.*supported registry/,
  ],
  ["npm cannot ask at all", "npm: not now", 0, /not checked.*npm: not now/],
])("when %s", async (_what, npmSays, code, words) => {
  const verdict = await judged(npmSays);
  expect(verdict.said).toMatch(words);
  expect(verdict.code).toBe(code);
});
