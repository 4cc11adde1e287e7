// Builds the portal's pages from web/ into dist/portal, and compresses each file beside itself. The hash of all that
// goes in is kept in dist/.portal, so that unchanged sources are not built again.
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { brotliCompressSync, constants } from "node:zlib";
import { runToEnd } from "./processes.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const built = join(root, "dist", "portal");
const stamp = join(root, "dist", ".portal");
const RECEIVERS = ["receive-and-verify.md", "verify-with-public-keys.md"];
const COMPRESSED = /\.(js|css|svg)$/;

/** All that decides what the pages become. Types are erased, so those of the API's document are not part of it. */
function contentHash() {
  const hash = createHash("sha256");
  const files = readdirSync(join(root, "web"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.name.endsWith(".d.ts"))
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .sort();
  // These pages of docs/ are part of the portal, too: their receivers are shown for pasting.
  const receivers = RECEIVERS.map((page) => join(root, "docs", "how-to", page));
  // So are the codes of outcomes, which a list is filtered by.
  const outcomes = join(root, "src", "endpoint", "outcomes.ts");
  for (const file of [
    ...files,
    ...receivers,
    outcomes,
    join(root, "package-lock.json"),
    fileURLToPath(import.meta.url),
  ])
    hash
      .update(`${file.slice(root.length)}\0`)
      .update(readFileSync(file))
      .update("\0");
  return hash.digest("hex");
}

/** Whether the pages of dist/ are those of the sources. */
export function isPortalCurrent() {
  return existsSync(stamp) && existsSync(join(built, "index.html")) && readFileSync(stamp, "utf8") === contentHash();
}

/**
 * Builds them, in a process of its own. Vite takes NODE_ENV for what React is built for. The NODE_ENV of a caller, such
 * as a test, would give pages that fail. @returns its exit status
 */
export const buildPortal = () =>
  runToEnd(process.execPath, [fileURLToPath(import.meta.url)], {
    env: { PATH: process.env.PATH, NODE_ENV: "production" },
  });

async function buildHere() {
  const hash = contentHash();
  rmSync(stamp, { force: true });
  const { build } = await import("vite");
  const { default: config } = await import(pathToFileURL(join(root, "web", "vite.config.mjs")).href);
  await build(config);
  const assets = join(built, "assets");
  for (const name of readdirSync(assets).filter((each) => COMPRESSED.test(each))) {
    const bytes = readFileSync(join(assets, name));
    const params = { [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    writeFileSync(join(assets, `${name}.br`), brotliCompressSync(bytes, { params }));
  }
  writeFileSync(stamp, hash);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await buildHere();
