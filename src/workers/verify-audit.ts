/**
 * `npm run audit:verify [-- --expect <seq>:<mac>]`: checks the audit's chain; exit code 1 when it is broken. Keep the head that it prints
 * somewhere else and give it the next time: a database set back to an older state is genuine in itself, and only that tells.
 * `npm run --silent audit:export > audit.jsonl`: every entry as a line of JSON.
 */
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { AuditFault } from "../store/audit-chain.js";
import { connectStore } from "../store/index.js";
import type { Store } from "../store/store.js";
import { loadConfig } from "./config.js";
import { readRunningEngines } from "./engines/index.js";

const FAULTS: Readonly<Record<AuditFault, string>> = {
  missing: "is missing", changed: "is not as it was written, or not where it was", cut_short: "was there once: the chain has been cut short, or the database set back",
  head: "is the last one, and the record of the last one is missing or not ours", mark: "is the last one, and the high-water mark among the settings is missing or not ours: the audit was emptied or set back",
  unchained: "tells of other entries from before the chain than there are now",
};

/** Checks the chain and says what it found; true when it is whole. */
export async function runVerification({ audit, expect, say }: { audit: Store["audit"]; expect?: { seq: number; mac: string }; say: (line: string) => void }): Promise<boolean> {
  const found = await audit.verify(expect);
  say(`${found.chained} entries in the chain, ${found.unchained} from before it`);
  if (found.ok) say(found.head.seq === 0 ? "nothing is on record yet" : `whole; head ${found.head.seq}:${found.head.mac}`);
  else say(`BROKEN: entry ${found.seq} ${FAULTS[found.fault]}.`);
  return found.ok;
}

/** Every entry, the chain first. */
export async function exportAudit({ audit, write }: { audit: Store["audit"]; write: (line: string) => void }): Promise<void> {
  for await (const entry of audit.all()) write(JSON.stringify(entry));
}

/** The head after `--expect`; throws where it is none. */
export function expectedHead(args: readonly string[]): { seq: number; mac: string } | undefined {
  const index = args.indexOf("--expect");
  if (index < 0) return undefined;
  const match = /^([1-9]\d{0,15}):([A-Za-z0-9_-]{43})$/.exec(args[index + 1] ?? "");
  if (!match?.[2]) throw new Error("--expect takes a head as an earlier run printed it: <number>:<43 characters>.");
  return { seq: Number(match[1]), mac: match[2] };
}

async function main(): Promise<void> {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  try {
    const expect = expectedHead(process.argv);
    const config = loadConfig();
    const keyFile = join(config.dataDir, "master-keys");
    // The embedded database of a running service is found by its data directory, and so is its key file.
    const mongodbUrl = config.MONGODB_URL ?? readRunningEngines(config.dataDir)?.mongodbUrl;
    const masterKeys = config.SEALPOST_MASTER_KEYS ?? (existsSync(keyFile) ? readFileSync(keyFile, "utf8").trim() : undefined);
    if (!mongodbUrl || !masterKeys) {
      throw new Error("The audit is read from the database and checked with its master keys: set MONGODB_URL and SEALPOST_MASTER_KEYS, or run it beside a started service with the same SEALPOST_DATA_DIR.");
    }
    const store = await connectStore({ mongodbUrl, database: config.MONGODB_DATABASE, masterKeys });
    try {
      if (process.argv.includes("--export")) await exportAudit({ audit: store.audit, write: say });
      else process.exitCode = (await runVerification({ audit: store.audit, say, ...(expect && { expect }) })) ? 0 : 1;
    } finally {
      await store.close();
    }
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`);
    process.exitCode = 1;
  }
}

if (process.argv[1] && realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) await main();
