/**
 * Compares the audit in the database with a copy that was shipped to a file. Only a copy outside of the database can
 * show some changes.
 */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import { faultOfFile } from "../../../named-file.js";
import type { Store } from "../../../store/store.js";

export interface Comparison {
  /** Entries of the copy that are in the database as they were shipped. */
  same: number;
  /** What differs, the first ones, each as a sentence. */
  faults: string[];
  /** Lines of the copy that are no entries. A crash may have shortened one. */
  unreadable: number;
}

const SHOWN_FAULTS = 20;
const NUMBER = /^aud_(\d{16})$/;

interface Copy {
  macs: Map<number, string>;
  faults: string[];
  unreadable: number;
}

async function readCopy(file: string): Promise<Copy> {
  const fault = faultOfFile(file);
  if (fault !== undefined) throw new Error(`--against names ${file}, which ${fault}`);
  const copy: Copy = { macs: new Map(), faults: [], unreadable: 0 };
  for await (const line of createInterface({ input: createReadStream(file, "utf8"), crlfDelay: Infinity })) {
    if (line.trim() === "") continue;
    const entry = parse(line);
    if (entry === "head") continue;
    if (!entry) {
      copy.unreadable++;
      continue;
    }
    const known = copy.macs.get(entry.seq);
    if (known !== undefined && known !== entry.mac) copy.faults.push(`Entry ${entry.seq} was shipped in two versions.`);
    copy.macs.set(entry.seq, known ?? entry.mac);
  }
  return copy;
}

function parse(line: string): { seq: number; mac: string } | "head" | undefined {
  try {
    const value: unknown = JSON.parse(line);
    if (typeof value !== "object" || value === null) return undefined;
    if ("head" in value) return "head";
    const number = "id" in value && typeof value.id === "string" ? NUMBER.exec(value.id)?.[1] : undefined;
    return number !== undefined && "mac" in value && typeof value.mac === "string"
      ? { seq: Number(number), mac: value.mac }
      : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Every entry of the copy must be in the database as it was, and the copy must have no gap. @throws StoreError, and
 * Error when the file cannot be read
 */
export async function compareWithCopy(audit: Pick<Store["audit"], "all">, file: string): Promise<Comparison> {
  const { macs, faults, unreadable } = await readCopy(file);
  const last = topOf(macs);
  for (let seq = 1; seq <= last && faults.length < SHOWN_FAULTS; seq++)
    if (!macs.has(seq)) faults.push(`The copy lacks entry ${seq}.`);
  let same = 0;
  for await (const { id, mac } of audit.all()) {
    const number = NUMBER.exec(id)?.[1];
    const shipped = number === undefined ? undefined : macs.get(Number(number));
    if (shipped === undefined) continue;
    macs.delete(Number(number));
    if (shipped === mac) same++;
    else faults.push(`Entry ${Number(number)} is not as it was shipped.`);
  }
  for (const seq of macs.keys()) faults.push(`Entry ${seq} was shipped and is missing in the database.`);
  return { same, faults: faults.slice(0, SHOWN_FAULTS), unreadable };
}

/** The highest number. It uses no spread, because a million numbers would be too many arguments. */
function topOf(macs: ReadonlyMap<number, string>): number {
  let top = 0;
  for (const seq of macs.keys()) top = Math.max(top, seq);
  return top;
}
