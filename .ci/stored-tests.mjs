// Prints the test files that run once more on SecantusDB, which stores by the rules of MongoDB. With --check it prints
// only what is wrong with their list.
// They are all below test/store that reach a database, and those of the API that the table names. The other tests of
// the API are about HTTP, SAML and pages. They call the store in ways that the named ones show already.
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";

/** What only a test of the API shows of the store, by its file below test/api. */
const OF_THE_API = {
  "access/audit.test.ts": "entries are listed by each filter of the API, in order of time",
  "catalogue/grant-requests.test.ts": "collections/grant-requests.ts: one open request for a group, by a unique index",
  "deliveries/deliveries.test.ts": "deliveries are listed by each filter of the API",
  "deliveries/erasure.test.ts": "one erasure reaches every collection that holds content",
  "deliveries/routing/event-routing.test.ts": "collections/routings.ts",
  "http/idempotency.test.ts": "an answer is kept beside what it answers, over two processes",
  "http/preconditions.test.ts": "of changes at the same time one wins, for every object with an ETag",
  "login/people.test.ts": "collections/people.ts",
  "login/sessions-end.test.ts": "collections/sessions.ts: sessions end by person and by connection",
  "login/sessions.test.ts": "collections/sessions.ts",
  "publish/event-ids.test.ts": "an id that was taken is known before its event is recorded and after it was erased",
  "publish/accept/publisher.test.ts": "events are inserted together, and one that is there already is told apart",
  "recoveries/recoveries.test.ts": "collections/recoveries.ts",
  "saml/connections/keys.test.ts": "collections/saml-connections.ts",
};

const REACHES = /\bmongodbUrl\b|\bstart(OwnEngine|SecantusDb|FailPointEngine|Mongodb)\b|"SEALPOST_TEST_DATABASE"/;
const IMPORTS = /\b(?:from|import)\s*\(?\s*"(\.{1,2}\/[^"]+)\.js"/g;

/** Each file of the tests: whether it reaches a database itself, and what it imports of them. */
const files = new Map();
function read(file) {
  if (files.has(file) || !existsSync(file)) return;
  const text = readFileSync(file, "utf8");
  const imported = [...text.matchAll(IMPORTS)]
    .map(([, path]) => `${join(dirname(file), path)}.ts`)
    .filter((path) => !relative("test", path).startsWith(".."));
  files.set(file, { reaches: REACHES.test(text), imported });
  imported.forEach(read);
}

function reaches(file, seen = new Set()) {
  const { reaches: itself, imported } = files.get(file) ?? { reaches: false, imported: [] };
  if (itself) return true;
  seen.add(file);
  return imported.some((path) => !seen.has(path) && reaches(path, seen));
}

const below = (folder) =>
  readdirSync(folder, { recursive: true })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
const ofTheStore = below("test/store").filter((file) => file.endsWith(".test.ts"));
const ofTheApi = Object.keys(OF_THE_API).map((name) => join("test/api", name));
[...ofTheStore, ...ofTheApi].forEach(read);

const faults = [
  ...ofTheApi.filter((file) => !reaches(file)).map((file) => `${file} is not there, or reaches no database.`),
  // erasure-ledger.ts is the first half of erasures.ts, and event-store.ts the types of events.ts: they share tests.
  ...below("src/store/collections")
    .map((file) => relative("src/store", file))
    .filter((name) => name !== "collections/erasure-ledger.ts" && name !== "collections/event-store.ts")
    .filter((name) => !existsSync(join("test/store", name.replace(/\.ts$/, ".test.ts"))))
    .filter((name) => !Object.values(OF_THE_API).some((shown) => shown.startsWith(name)))
    .map(
      (name) =>
        `No test shows src/store/${name} on SecantusDB: write one in test/store, or name one in .ci/stored-tests.mjs.`,
    ),
];
if (faults.length > 0) throw new Error(faults.join("\n"));
if (!process.argv.includes("--check"))
  console.log([...ofTheStore.filter((file) => reaches(file)), ...ofTheApi].sort().join("\n"));
