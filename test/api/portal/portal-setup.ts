/** Files as a build leaves them, small. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync } from "node:zlib";

export const SCRIPT = 'document.title = "portal";\n'.repeat(40);
export const PAGE = "<!doctype html>\n<title>Sealpost</title>\n";

/** The directory that holds them. */
export function makePortal(): string {
  const directory = mkdtempSync(join(tmpdir(), "sealpost-portal-"));
  mkdirSync(join(directory, "assets"));
  writeFileSync(join(directory, "index.html"), PAGE);
  writeFileSync(join(directory, "assets", "index-a1.js"), SCRIPT);
  writeFileSync(join(directory, "assets", "index-a1.js.br"), brotliCompressSync(SCRIPT));
  writeFileSync(join(directory, "assets", "index-b2.css"), "body { margin: 0; }\n");
  writeFileSync(join(directory, "assets", "notes.txt"), "not for the browser");
  writeFileSync(join(directory, "secret.js"), "outside of the files");
  return directory;
}
