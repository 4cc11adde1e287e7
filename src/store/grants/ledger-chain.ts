/** An entry of the ledger of changes to rows that grant power, and its place in the chain. */
import { createHash } from "node:crypto";
import type { Binary } from "mongodb";
import type { Mac } from "../audit/audit-chain.js";
import { canonicalOf } from "./canonical.js";

/** An entry at rest. */
export interface LedgerEntry {
  /** `gl_` and its number, 16 digits. */
  _id: string;
  at: Date;
  /** `<collection>/<_id>` of the row. */
  subject: string;
  /** The least version of the row that counts from here on. */
  atLeast: number;
  /** The new content of the row, sealed. Absent when the row was deleted. */
  next?: Binary;
  /** MAC of the entry before. Empty for the first entry. */
  prev: string;
  mac: string;
}

/** The end of the chain, or a place in it. */
export interface Chain {
  seq: number;
  mac: string;
}

export const ledgerIdOf = (seq: number): string => `gl_${String(seq).padStart(16, "0")}`;

/** The MAC of an entry in its place. */
export function entryMac(
  mac: Mac,
  chain: string,
  { _id, at, subject, atLeast, next, prev }: Omit<LedgerEntry, "mac">,
): string {
  const digest = next ? createHash("sha256").update(next.value()).digest() : undefined;
  return Buffer.from(
    mac("grant-ledger", canonicalOf({ chain, _id, at, subject, atLeast, next: digest, prev })),
  ).toString("base64url");
}
