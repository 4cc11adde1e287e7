/**
 * The built files of the portal's pages. They are read once into memory, and only those of the build are served, so no
 * path of a request ever reaches the disk.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { extname, join } from "node:path";

/** A file whose name has the hash of its content. */
export interface PortalAsset {
  type: string;
  bytes: Buffer;
  /** The same, compressed at build. */
  brotli: Buffer | undefined;
}

export interface PortalFiles {
  /** index.html, the same for every address below /portal. */
  page: Buffer;
  /** By file name, without a folder. */
  assets: ReadonlyMap<string, PortalAsset>;
}

/** Of a process that serves no pages. */
export const NO_PORTAL: PortalFiles = { page: Buffer.alloc(0), assets: new Map() };

const TYPES: Readonly<Record<string, string>> = {
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};

/**
 * Reads what scripts/portal.mjs wrote.
 * @throws Error when the pages have not been built
 */
export function readPortalFiles(directory: string): PortalFiles {
  const index = join(directory, "index.html");
  if (!existsSync(index)) throw new Error(`The portal's pages are not in ${directory}. Run npm run build.`);
  const folder = join(directory, "assets");
  const assets = new Map<string, PortalAsset>();
  for (const name of readdirSync(folder)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const compressed = join(folder, `${name}.br`);
    assets.set(name, {
      type,
      bytes: readFileSync(join(folder, name)),
      brotli: existsSync(compressed) ? readFileSync(compressed) : undefined,
    });
  }
  return { page: readFileSync(index), assets };
}
