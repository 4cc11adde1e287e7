/**
 * `npm run audit:verify [-- --expect <seq>:<mac>] [--against <file>]` checks the audit's chain. The exit code is 1 when
 * it is broken. A database set back to an older state is genuine in itself, and only what is outside tells. So keep the
 * head that it prints somewhere else and give it the next time, or give a copy that `audit:ship` has written.
 *
 * `npm run audit:export -- <file>` writes every entry as a line of JSON. Without a file it writes to the standard
 * output.
 */
import { closeSync, openSync, writeSync } from "node:fs";
import type { AuditFault } from "../../store/audit/audit-chain.js";
import { connectStore } from "../../store/index.js";
import { tellAuditBroken } from "../../store/notices/audit-broken.js";
import type { Store } from "../../store/store.js";
import { loadConfig } from "../config.js";
import { recordedCommand } from "./command-act.js";
import { databaseAtHand } from "./database-at-hand.js";
import { keepFilesPrivate, narrowFile } from "../private-files.js";
import { compareWithCopy } from "./ship/against.js";
import { runCommand } from "./run-command.js";

const FAULTS: Readonly<Record<AuditFault, string>> = {
  missing: "is missing",
  changed: "was changed, or is not where it was written",
  cut_short: "was there once, so the chain was cut short or the database was set back",
  head: "is the last one, but the record of which entry is the last is missing or not ours",
  mark:
    "is the last one, but the high-water mark in the settings is missing or not ours, " +
    "so the audit was emptied or set back",
  unchained: "names other entries from before the chain than there are now",
};

/** Checks the chain and reports the result. True when it is intact. */
export async function runVerification({
  audit,
  expect,
  say,
}: {
  audit: Store["audit"];
  expect?: { seq: number; mac: string };
  say: (line: string) => void;
}): Promise<boolean> {
  const found = await audit.verify(expect);
  say(`${found.chained} entries in the chain, ${found.unchained} from before it`);
  if (found.ok)
    say(found.head.seq === 0 ? "nothing is on record yet" : `whole; head ${found.head.seq}:${found.head.mac}`);
  else say(`BROKEN: entry ${found.seq} ${FAULTS[found.fault]}.`);
  if (found.open.length > 0)
    say(`${found.open.length} acts were begun and have no outcome yet: ${found.open.slice(0, 5).join(", ")}`);
  return found.ok;
}

/** Compares with a shipped copy and reports the result. True when the database has all of it unchanged. */
export async function runComparison({
  audit,
  file,
  say,
}: {
  audit: Store["audit"];
  file: string;
  say: (line: string) => void;
}): Promise<boolean> {
  const { same, faults, unreadable } = await compareWithCopy(audit, file);
  say(`${same} entries of ${file} are in the database as they were shipped`);
  if (unreadable > 0) say(`${unreadable} lines of it are no entries: a crash may have cut one short`);
  for (const fault of faults) say(`BROKEN: ${fault}`);
  return faults.length === 0;
}

/** Every entry, the chain first. */
export async function exportAudit({
  audit,
  write,
}: {
  audit: Store["audit"];
  write: (line: string) => void;
}): Promise<void> {
  for await (const entry of audit.all()) write(JSON.stringify(entry));
}

/** The head after `--expect`. Throws when it is no head. */
export function expectedHead(args: readonly string[]): { seq: number; mac: string } | undefined {
  const index = args.indexOf("--expect");
  if (index < 0) return undefined;
  const match = /^([1-9]\d{0,15}):([A-Za-z0-9_-]{43})$/.exec(args[index + 1] ?? "");
  if (!match?.[2]) throw new Error("--expect takes a head as an earlier run printed it: <number>:<43 characters>.");
  return { seq: Number(match[1]), mac: match[2] };
}

/** The value after this option. Undefined when the option is not given. */
function valueOf(args: readonly string[], option: string): string | undefined {
  const index = args.indexOf(option);
  if (index < 0) return undefined;
  const value = args[index + 1];
  if (value === undefined || value.startsWith("--")) throw new Error(`${option} takes a file.`);
  return value;
}

/** The target of the export: a file for this user alone, or the standard output, whose rights the shell sets. */
function writerOf(file: string | undefined): { write: (line: string) => void; close: () => void } {
  if (file === undefined) return { write: (line) => void process.stdout.write(`${line}\n`), close: () => undefined };
  narrowFile(file);
  const handle = openSync(file, "w", 0o600);
  return { write: (line) => void writeSync(handle, `${line}\n`), close: () => closeSync(handle) };
}

interface Checks {
  say: (line: string) => void;
  expect?: { seq: number; mac: string } | undefined;
  /** A copy that was shipped. */
  against?: string | undefined;
}

/** Verifies the chain, compares it with a copy if there is one, and tells admins of a fault. True without a fault. */
export async function runChecks(
  store: Pick<Store, "audit" | "notices">,
  { say, expect, against }: Checks,
): Promise<boolean> {
  const whole = await runVerification({ audit: store.audit, say, ...(expect && { expect }) });
  const same = against === undefined || (await runComparison({ audit: store.audit, file: against, say }));
  if (!whole || !same) await tellAuditBroken(store);
  return whole && same;
}

async function main(args: readonly string[]): Promise<void> {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  keepFilesPrivate();
  const [expect, against] = [expectedHead(args), valueOf(args, "--against")];
  const store = await connectStore(
    databaseAtHand(loadConfig(), "The audit is read from the database and checked with its master keys"),
  );
  try {
    if (args.includes("--export")) {
      const { write, close } = writerOf(args.at(-1) === "--export" ? undefined : args.at(-1));
      await recordedCommand(
        store.audit,
        { operation: "audit:export", action: "audit.export", subject: "audit" },
        async () => {
          await exportAudit({ audit: store.audit, write });
          return {};
        },
      );
      return close();
    }
    process.exitCode = (await runChecks(store, { say, expect, against })) ? 0 : 1;
  } finally {
    await store.close();
  }
}

await runCommand(import.meta.url, main);
