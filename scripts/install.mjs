// Installs the dependencies of the lock file when they are not there or not those of this lock file. Runs before `npm
// start` and `npm test`.
// Written so that an old Node reads it and says what is wrong, instead of failing at its syntax.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const stamp = `${root}node_modules/.sealpost-lock`;
const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 20 || (major === 20 && minor < 19)) {
  console.error(
    `Sealpost needs Node 20.19 or newer. This is Node ${process.versions.node}, ${process.execPath}. ` +
      "Install a newer one (https://nodejs.org) and start again.",
  );
  process.exit(1);
}
const lock = createHash("sha256")
  .update(readFileSync(`${root}package-lock.json`))
  .digest("hex");
if (!existsSync(stamp) || readFileSync(stamp, "utf8") !== lock) {
  install().catch((error) => {
    console.error(
      `The dependencies could not be installed in ${root} (${error.code ?? error.message}). This ` +
        "user must be able to write there.",
    );
    process.exit(1);
  });
}

async function install() {
  const { endWithNpm, runToEnd } = await import("./processes.mjs");
  endWithNpm();
  console.log("Installing the dependencies of package-lock.json (once, about half a minute) ...");
  // The packages' install scripts are other people's code: they get no setting and no secret of ours.
  const needed =
    /^(PATH|HOME|TMPDIR|LANG|TZ|SHELL|NODE_EXTRA_CA_CERTS|(HTTPS?|ALL|NO)_PROXY|XDG_(CACHE|CONFIG)_HOME|SystemRoot|ComSpec|APPDATA|npm_config_\w+)$/i;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => needed.test(name)));
  const npm = process.platform === "win32" ? "npm.cmd" : "npm";
  const cache = process.env.SEALPOST_CACHE_DIR;
  const status = await runToEnd(
    npm,
    ["ci", "--no-audit", "--no-fund", "--loglevel=error", ...(cache ? ["--cache", `${cache}/npm`] : [])],
    { cwd: root, env, shell: process.platform === "win32" },
  );
  if (status !== 0) {
    console.error(`npm ci did not succeed: its own message stands above.
Does it name a network error? Then check the connection to your npm registry \
(npm config get registry) and the proxy settings.
Does it name EACCES, EROFS or ENOENT below a home directory? \
Then set SEALPOST_CACHE_DIR to a directory that this user may write.
Then start again.`);
    process.exit(1);
  }
  writeFileSync(stamp, lock);
}
