/**
 * The ledger of erasures as text, with one JSON line for each. It can be kept where no backup of the database
 * overwrites it. Each line is authenticated under the installation's pepper. So a line of another installation, or a
 * forged one, erases nothing.
 */
import { timingSafeEqual } from "node:crypto";
import { z } from "zod";
import type { Erasure, ErasureTarget } from "../../store/model.js";
import type { Store } from "../../store/store.js";

type Pepper = Pick<Store, "blindIndex">;

/** What follows `event/` is the id as its producer gave it (src/workflows/event-id.ts). */
const target = z
  .string()
  .max(300)
  .regex(/^(?:(?:group|api|person)\/[A-Za-z0-9._-]+|event\/[A-Za-z0-9_:./-]+)$/)
  .transform((text) => text as ErasureTarget);
const line = z.strictObject({ target, at: z.iso.datetime(), by: z.string().max(300), mac: z.string().max(64) });

const macOf = (
  { blindIndex }: Pepper,
  { target: of, at, by }: { target: string; at: string; by: string },
): Uint8Array => blindIndex("erasure", JSON.stringify([of, at, by]));

/** One line, with its line break. */
export function ledgerLine(store: Pepper, erasure: Erasure): string {
  const entry = { target: erasure.target, at: erasure.at.toISOString(), by: erasure.by };
  return `${JSON.stringify({ ...entry, mac: Buffer.from(macOf(store, entry)).toString("base64url") })}\n`;
}

/**
 * The entries of a ledger, and the numbers of the lines that do not belong to this installation. A last line that a
 * crash shortened is one of them.
 */
export function parseLedger(store: Pepper, text: string): { entries: Erasure[]; refused: number[] } {
  const entries: Erasure[] = [];
  const refused: number[] = [];
  for (const [index, one] of text.split("\n").entries()) {
    if (one.trim() === "") continue;
    const entry = parseLine(store, one);
    if (entry) entries.push(entry);
    else refused.push(index + 1);
  }
  return { entries, refused };
}

function parseLine(store: Pepper, text: string): Erasure | undefined {
  try {
    const { mac, ...entry } = line.parse(JSON.parse(text));
    const [given, due] = [Buffer.from(mac, "base64url"), macOf(store, entry)];
    if (given.length !== due.length || !timingSafeEqual(given, due)) return undefined;
    return { ...entry, at: new Date(entry.at) };
  } catch {
    return undefined;
  }
}
