/** Looks for plain text where only sealed data may be: files of the engines, logs. */
import { createReadStream, readdirSync } from "node:fs";
import { join } from "node:path";

/**
 * The files below the directories that hold one of the texts, plain or in base64 at any offset. Never gives the text
 * itself.
 */
export async function findTraces(paths: readonly string[], texts: readonly string[]): Promise<string[]> {
  const needles = texts.flatMap(forms);
  const found: string[] = [];
  for (const file of paths.flatMap(filesBelow)) if (await holds(file, needles)) found.push(file);
  return found;
}

/**
 * The text itself, and the part of its base64 that does not depend on its neighbours. That part is there for each of
 * the three ways in which the text can fall on the 3-byte grid.
 */
function forms(text: string): Buffer[] {
  const encoded = [0, 1, 2].map((offset) => {
    const base64 = Buffer.from("\0".repeat(offset) + text)
      .toString("base64")
      .replace(/=+$/, "");
    return base64.slice(offset === 0 ? 0 : offset + 1, -2);
  });
  return [text, ...encoded].map((form) => Buffer.from(form));
}

function filesBelow(path: string): string[] {
  try {
    return readdirSync(path, { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOTDIR") return [path];
    throw error;
  }
}

async function holds(file: string, needles: readonly Buffer[]): Promise<boolean> {
  const overlap = Math.max(...needles.map(({ length }) => length));
  let tail = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 }) as AsyncIterable<Buffer>) {
    const text = Buffer.concat([tail, chunk]);
    if (needles.some((needle) => text.includes(needle))) return true;
    tail = text.subarray(-overlap);
  }
  return false;
}
