// Compiles src/ into dist/, bundles the workflows and builds the portal's pages. With --if-changed it does only what is
// not done. The code is built when a source is newer than the last build. The pages are built when the content of web/
// has changed.
import { existsSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { buildPortal, isPortalCurrent } from "./portal.mjs";
import { runToEnd } from "./processes.mjs";
import { tscPath } from "./tsc.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = join(root, "dist", ".built");

function newest(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
}
const sources = ["src", "tsconfig.json", "tsconfig.build.json", "package-lock.json"].map((name) => join(root, name));
const current = existsSync(stamp) && Math.max(...sources.map(newest)) <= statSync(stamp).mtimeMs;

const ifChanged = process.argv.includes("--if-changed");
const pagesCurrent = ifChanged && isPortalCurrent();
if (ifChanged && !(current && pagesCurrent)) console.log("Building (a few seconds) ...");
if (!(ifChanged && current)) {
  rmSync(stamp, { force: true });
  const startedAt = new Date();
  const status = await runToEnd(process.execPath, [tscPath, "-p", join(root, "tsconfig.build.json")], {
    env: { PATH: process.env.PATH },
  });
  if (status !== 0) process.exit(status);
  const { buildBundle } = await import(pathToFileURL(join(root, "dist", "workers", "bundle.js")).href);
  await buildBundle();
  writeFileSync(stamp, startedAt.toISOString());
}
if (!pagesCurrent) {
  const status = await buildPortal();
  if (status !== 0) process.exit(status);
}
