// Checks the licence of every package that ships: production dependencies as package-lock.json names them, and those
// that the portal's pages import, with what these need. The latter are built into dist/portal, though they are
// development dependencies. Fails for a licence that is not on the list, and for a package that names none.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

/** SPDX identifiers. All let a service under Apache-2.0 ship the package. */
const ALLOWED = new Set([
  "0BSD",
  "Apache-2.0",
  "BlueOak-1.0.0",
  "BSD-2-Clause",
  "BSD-3-Clause",
  "CC-BY-4.0",
  "ISC",
  "MIT",
  "MIT-0",
  "Unlicense",
]);

/** Packages whose manifest has no identifier. Somebody read the file that is named here, of this version. */
const READ = new Map([
  ["passport-strategy@1.0.0", "MIT"], // LICENSE
  ["pause@0.0.1", "MIT"], // Readme.md
  ["unionfs@4.6.0", "Unlicense"], // LICENSE
]);

/** `(A OR B)` needs one that is allowed, `A AND B` needs all. Anything else is one identifier. */
const isAllowed = (licence) =>
  licence
    .replaceAll(/[()]/g, "")
    .split(" OR ")
    .some((choice) => choice.split(" AND ").every((id) => ALLOWED.has(id.trim())));

const root = fileURLToPath(new URL("..", import.meta.url));
const { packages } = JSON.parse(readFileSync(path.join(root, "package-lock.json"), "utf8"));

/** Names of packages that the files of web/src/ import. */
function importedByPages() {
  const folder = path.join(root, "web", "src");
  return readdirSync(folder, { recursive: true })
    .filter((name) => /\.(tsx?|css)$/.test(name))
    .flatMap((name) => [
      ...readFileSync(path.join(folder, name), "utf8").matchAll(
        /(?:from|import|import\()\s*"((?:@[^/"]+\/)?[^."/][^"/]*)/g,
      ),
    ])
    .map(([, name]) => name);
}

/** Where the lock file has a package for the one that needs it: nested, or further up. */
function placeOf(name, from) {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf("node_modules/") - 1))) {
    const place = at === "" ? `node_modules/${name}` : `${at}/node_modules/${name}`;
    if (packages[place] !== undefined) return place;
    if (at === "") return undefined;
  }
}

/** Places of all packages that may be built into the pages. Parts that the bundler drops are among them. */
function builtIntoPages() {
  const places = new Set(importedByPages().flatMap((name) => placeOf(name, "") ?? []));
  for (const place of places)
    for (const name of Object.keys({ ...packages[place].dependencies, ...packages[place].peerDependencies })) {
      const needed = placeOf(name, place);
      if (needed !== undefined) places.add(needed);
    }
  return places;
}

const faults = [];
const inPages = builtIntoPages();
if (!inPages.has("node_modules/react"))
  faults.push("The packages of the portal's pages could not be found in web/src.");
let checked = 0;
for (const [place, { dev, optional, version, license: locked }] of Object.entries(packages)) {
  if (place === "" || (dev && !inPages.has(place))) continue;
  const manifest = path.join(root, place, "package.json");
  // A package for another platform is not installed here. Its licence in the lock file counts.
  if (!existsSync(manifest) && !optional) {
    faults.push(`${place} is not installed. Run npm ci.`);
    continue;
  }
  const own = existsSync(manifest) ? JSON.parse(readFileSync(manifest, "utf8")).license : locked;
  const licence = own ?? READ.get(`${place.split("node_modules/").at(-1)}@${version}`);
  checked++;
  if (typeof licence !== "string") faults.push(`${place} names no licence.`);
  else if (!isAllowed(licence))
    faults.push(`${place} is under ${licence}, which is not on the list of ${import.meta.filename}.`);
}
for (const fault of faults) console.error(fault);
console.log(`The licences of ${checked} packages that ship were checked. ${faults.length} faults.`);
process.exitCode = faults.length > 0 || checked === 0 ? 1 : 0;
