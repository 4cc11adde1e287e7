/**
 * `npm run audit:ship -- --to <file or https address> [--follow] [--token-file <file>] [--ca-file <file>] [--cursor
 * <file>]`: sends the audit to a place that no writer of the database reaches. Once, or following what is appended.
 */
import { createHash } from "node:crypto";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { connectStore } from "../../store/index.js";
import { loadConfig } from "../config.js";
import { databaseAtHand } from "./database-at-hand.js";
import { keepFilesPrivate } from "../private-files.js";
import { createCursorFile } from "./ship/cursor.js";
import { shipAudit } from "./ship/ship.js";
import { createFileTarget, createHttpsTarget, type ShipTarget } from "./ship/target.js";
import { runCommand } from "./run-command.js";

const OPTIONS = {
  to: { type: "string" },
  follow: { type: "boolean", default: false },
  "token-file": { type: "string" },
  "ca-file": { type: "string" },
  cursor: { type: "string" },
} as const;

export interface ShipOrder {
  target: ShipTarget;
  cursorFile: string;
  follow: boolean;
}

/** The order that the arguments give. @throws Error that says what is wrong with them */
export function shipOrder(args: readonly string[], dataDir: string): ShipOrder {
  const { values } = parseArgs({ args: [...args], options: OPTIONS, strict: true });
  const { to, follow, "token-file": tokenFile, "ca-file": caFile, cursor } = values;
  if (to === undefined || to === "")
    throw new Error(
      "Use: npm run audit:ship -- --to <file or https address> [--follow] [--token-file <file>] " +
        "[--ca-file <file>] [--cursor <file>]",
    );
  if (!/^[a-z][a-z0-9+.-]+:\/\//i.test(to)) {
    const file = resolve(to);
    return { target: createFileTarget(file), cursorFile: resolve(cursor ?? `${file}.cursor`), follow };
  }
  const target = createHttpsTarget({
    url: to,
    format: "jsonl",
    ...(tokenFile !== undefined && { tokenFile }),
    ...(caFile !== undefined && { caFile }),
  });
  const name = createHash("sha256").update(target.name).digest("hex").slice(0, 12);
  return { target, cursorFile: resolve(cursor ?? join(dataDir, `audit-ship-${name}.cursor`)), follow };
}

async function main(args: readonly string[]): Promise<void> {
  const say = (line: string) => void process.stdout.write(`${line}\n`);
  keepFilesPrivate();
  const config = loadConfig();
  const { target, cursorFile, follow } = shipOrder(args, config.dataDir);
  const cursor = createCursorFile(cursorFile, target.name);
  const stopping = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => stopping.abort());
  const store = await connectStore(databaseAtHand(config, "The audit is read from the database with its master keys"));
  try {
    const { shipped, head } = await shipAudit({
      audit: store.audit,
      target,
      cursor,
      follow,
      signal: stopping.signal,
      say,
    });
    say(`${shipped} entries shipped to ${target.name}; head ${head.seq}:${head.mac}`);
  } finally {
    await target.close();
    await store.close();
  }
}

await runCommand(import.meta.url, main);
