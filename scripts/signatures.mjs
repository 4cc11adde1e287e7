// Checks the signatures and attestations of every installed package against the keys of its registry. Fails for one
// that is wrong or missing. A registry that does not answer, or that has no keys, is said and fails nothing: then there
// is nothing to compare with.
import { spawnSync } from "node:child_process";

const WITHIN_MS = 300_000;
const { stdout, error, signal } = spawnSync("npm", ["audit", "signatures", "--json"], {
  encoding: "utf8",
  timeout: WITHIN_MS,
  maxBuffer: 64 * 1024 * 1024,
});

/** What npm said. Without JSON it could not ask at all. */
function verdict() {
  try {
    return JSON.parse(stdout);
  } catch {
    return {
      error: { code: error?.code ?? signal ?? "no answer", summary: stdout?.slice(0, 300) || "npm said nothing" },
    };
  }
}

const { invalid = [], missing = [], error: refused } = verdict();
const named = ({ name, version, code }) => `${name}@${version}${code ? ` (${code})` : ""}`;
// npm gives up at the first package whose key is unknown or has expired.
const broken = /SIGNATURE|ATTESTATION|INTEGRITY/.test(refused?.code ?? "");

if (invalid.length > 0) console.error(`A signature is not that of the registry: ${invalid.map(named).join(", ")}`);
if (missing.length > 0) console.error(`A signature is missing: ${missing.map(named).join(", ")}`);
if (refused)
  console.error(
    `signatures: ${broken ? "" : "not checked, as the registry did not answer. "}${refused.code}: ${refused.summary}`,
  );
if (invalid.length > 0 || missing.length > 0 || broken) process.exit(1);
if (!refused) console.log("signatures: every installed package has one that its registry vouches for.");
