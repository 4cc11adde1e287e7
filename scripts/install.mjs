// Installs the dependencies of the lock file when they are not there or not those of this lock file. Runs before `npm start` and `npm test`.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = `${root}node_modules/.sealpost-lock`;
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(`Sealpost needs Node 20.19 or newer; this is ${process.versions.node}. Install a newer Node and start again.`);
  process.exit(1);
}
const lock = createHash("sha256").update(readFileSync(`${root}package-lock.json`)).digest("hex");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  console.log("Installing the dependencies of package-lock.json (once, about half a minute) ...");
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const { status } = spawnSync(npm, ["ci", "--no-audit", "--no-fund", "--loglevel=error"], { cwd: root, stdio: "inherit", shell: process.platform === "win32" });
  if (status !== 0) {
    console.error("npm ci did not succeed (its own message stands above): check the connection to your npm registry and start again.");
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}
