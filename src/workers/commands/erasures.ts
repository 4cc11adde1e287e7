/**
 * `npm run erasures:export -- [file]`: the ledger of erasures as JSON lines. Keep it apart from the backups of the
 * database. `npm run erasures:apply -- <file>`: after a restore, and before the service starts, erases again what the
 * ledger names.
 */
import { writeFileSync } from "node:fs";
import { readNamedFile } from "../../named-file.js";
import { connectStore } from "../../store/index.js";
import { recordedCommand } from "./command-act.js";
import { loadConfig } from "../config.js";
import { type DatabaseAtHand, databaseAtHand } from "./database-at-hand.js";
import { ledgerLine, parseLedger } from "../watch/erasure-ledger.js";
import { keepFilesPrivate, narrowFile } from "../private-files.js";
import { runCommand } from "./run-command.js";

/** The ledger as text. @throws StoreError */
export async function exportErasures(at: DatabaseAtHand): Promise<string> {
  const store = await connectStore(at);
  try {
    let text = "";
    await recordedCommand(
      store.audit,
      { operation: "erasures:export", action: "erasures.export", subject: "erasures" },
      async () => {
        const entries = await store.erasures.entries();
        text = entries.map((entry) => ledgerLine(store, entry)).join("");
        return { entries: entries.length };
      },
    );
    return text;
  } finally {
    await store.close();
  }
}

export interface AppliedErasures {
  /** Entries that the database did not have. */
  entered: number;
  /** Entries, of all, that had something left to erase. */
  erased: number;
  /** Numbers of lines that are not of this installation. */
  refused: number[];
}

/**
 * Enters the lines and erases what the whole ledger names. May be stopped and run again, also beside running services.
 * @throws StoreError
 */
export async function applyErasures(at: DatabaseAtHand, text: string): Promise<AppliedErasures> {
  const store = await connectStore(at);
  try {
    const { entries, refused } = parseLedger(store, text);
    const applied = { entered: 0, erased: 0 };
    await recordedCommand(
      store.audit,
      { operation: "erasures:apply", action: "erasures.apply", subject: "erasures" },
      async () => {
        applied.entered = await store.erasures.enter(entries);
        applied.erased = await store.erasures.reapply();
        return { ...applied, refused: refused.length };
      },
    );
    return { ...applied, refused };
  } finally {
    await store.close();
  }
}

function ledgerIn(path: string): string {
  const file = readNamedFile(path);
  if (!file.ok) throw new Error(`The ledger should be in ${path}, which ${file.fault}`);
  return file.bytes.toString("utf8");
}

async function main([command, file]: string[]): Promise<void> {
  keepFilesPrivate();
  const at = databaseAtHand(loadConfig(), "Erasures need the database and its master keys");
  if (command === "export") {
    const text = await exportErasures(at);
    if (file === undefined) process.stdout.write(text);
    else {
      // The rights are set before the file is written, because an existing file keeps its rights otherwise.
      narrowFile(file);
      writeFileSync(file, text, { mode: 0o600 });
    }
  } else if (command === "apply" && file !== undefined) {
    const { entered, erased, refused } = await applyErasures(at, ledgerIn(file));
    process.stdout.write(
      `${entered} erasures were entered that this database did not have. ${erased} erasures had something left, ` +
        "which is erased now.\n",
    );
    if (refused.length > 0)
      process.stderr.write(
        `${refused.length} lines were not applied, because they are damaged or not of this installation ` +
          `(${refused.slice(0, 10).join(", ")}).\n`,
      );
    process.exitCode = refused.length > 0 ? 1 : 0;
  } else {
    throw new Error("Use: npm run erasures:export -- [file], or npm run erasures:apply -- <file>");
  }
}

await runCommand(import.meta.url, main);
