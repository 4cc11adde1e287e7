/**
 * How far the audit was shipped, in a file of its own that survives a kill. The file is replaced as a whole by a
 * rename, after the shipped entries are safe.
 */
import { closeSync, fsyncSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { z } from "zod";
import { readNamedFile } from "../../../named-file.js";
import { makePrivateDirectory, narrowFile } from "../../private-files.js";

const cursor = z.strictObject({ target: z.string(), seq: z.int().min(0), mac: z.string() });
/** The last entry that the target has, and its MAC. */
export type ShipCursor = z.output<typeof cursor>;

export interface CursorFile {
  read(): ShipCursor;
  write(at: ShipCursor): void;
}

/** @throws Error that says what to do, where the file is another target's or damaged */
export function createCursorFile(file: string, target: string): CursorFile {
  return {
    read() {
      const text = textOf(file);
      if (text === undefined) return { target, seq: 0, mac: "" };
      const parsed = cursor.safeParse(jsonOf(text));
      if (!parsed.success)
        throw new Error(
          `The cursor ${file} cannot be read: correct or remove it. Without one everything is shipped ` +
            "again, and the target tells duplicates by their id.",
        );
      if (parsed.data.target !== target)
        throw new Error(
          `The cursor ${file} belongs to ${parsed.data.target}: give --cursor another file, or remove ` +
            `it to ship everything to ${target}.`,
        );
      return parsed.data;
    },
    write(at) {
      makePrivateDirectory(dirname(file));
      const draft = `${file}.${process.pid}`;
      const handle = openSync(draft, "w", 0o600);
      try {
        writeSync(handle, `${JSON.stringify(at)}\n`);
        fsyncSync(handle);
      } finally {
        closeSync(handle);
      }
      renameSync(draft, file);
      narrowFile(file);
    },
  };
}

function textOf(file: string): string | undefined {
  const found = readNamedFile(file);
  if (found.ok) return found.bytes.toString("utf8");
  if (found.isMissing) return undefined;
  throw new Error(`The cursor should be in ${file}, which ${found.fault}`);
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
