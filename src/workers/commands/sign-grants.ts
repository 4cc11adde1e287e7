/**
 * `npm run grants:sign`: shows the rows that grant power (API keys, groups, SAML connections) and signs those that are
 * not signed yet. From then on a row without a signature is refused.
 *
 * - `-- --dry-run` shows them and changes nothing.
 * - `-- --accept <row> …` signs rows as they are, whatever is wrong with them. A row is `apiKeys/key_…`, `groups/grp_…`
 *   or `samlConnections/sso_…`.
 * - `-- --rotate` signs what is good under a new key. Nothing that was signed before counts any more.
 * - `-- --restored` is for after a restore, with every service stopped. It is like `--rotate`, and the ledger of
 *   revocations begins anew.
 */
import { type FoundRow, restoreGrants, rotateGrantKey, signGrants, surveyGrants } from "../../store/grants/signing.js";
import { connectStore, type MongoStore } from "../../store/index.js";
import { recordedCommand } from "./command-act.js";
import { loadConfig } from "../config.js";
import { databaseAtHand } from "./database-at-hand.js";
import { describeRow, summaryOf } from "./granting-rows.js";
import { runCommand } from "./run-command.js";

export interface SigningCommand {
  mode: "sign" | "rotate" | "restored";
  dryRun: boolean;
  accept: readonly string[];
}

const ROW = /^(apiKeys|groups|samlConnections)\/[\w-]{1,100}$/;
const USE = "Use: npm run grants:sign -- [--dry-run] [--rotate | --restored] [--accept <collection>/<id> …]";

/** @throws Error that says how to use it */
export function parseCommand(args: readonly string[]): SigningCommand {
  const accept = args.filter((argument) => !argument.startsWith("--"));
  const flags = new Set(args.filter((argument) => argument.startsWith("--")));
  const known = ["--dry-run", "--rotate", "--restored", "--accept"];
  const wrong =
    [...flags].some((flag) => !known.includes(flag)) ||
    !accept.every((row) => ROW.test(row)) ||
    accept.length > 0 !== flags.has("--accept") ||
    (flags.has("--rotate") && (flags.has("--restored") || accept.length > 0));
  if (wrong) throw new Error(USE);
  return {
    mode: flags.has("--rotate") ? "rotate" : flags.has("--restored") ? "restored" : "sign",
    dryRun: flags.has("--dry-run"),
    accept,
  };
}

/**
 * Shows, signs and says what it did.
 * The act is on record, with what was accepted as it stood.
 * @returns whether every row is good afterwards
 * @throws StoreError `grants_broken` when the ledger is broken and `--restored` was not given
 */
export async function runSigning({
  store,
  command,
  say,
  settleMs,
}: {
  store: MongoStore;
  command: SigningCommand;
  say: (line: string) => void;
  settleMs?: number;
}): Promise<boolean> {
  const { signing, grants } = store;
  if (grants.fault) say(`BROKEN: ${grants.fault.message}`);
  const found = await surveyGrants(signing);
  for (const row of found) say(describeRow(row));
  say(summaryOf(found));
  const missing = command.accept.filter((name) => !found.some((row) => nameOf(row) === name));
  if (missing.length > 0) throw new Error(`There is no ${missing.join(", ")}. Nothing was changed.`);
  if (command.dryRun) {
    say("Nothing was changed (--dry-run).");
    return found.every(({ state }) => state === "good");
  }
  let good = false;
  await recordedCommand(
    store.audit,
    { operation: "grants:sign", action: `grants.${command.mode}`, subject: "grants" },
    async () => {
      const { signed, bad, done } = await sign(store, command, settleMs);
      if (signed !== undefined) say(`${signed} rows signed.`);
      good = report(say, bad, done);
      return {
        ...(signed !== undefined && { signed }),
        refused: bad.length,
        ...(command.accept.length > 0 && { accepted: command.accept }),
      };
    },
  );
  return good;
}

interface Signed {
  /** Absent where everything was signed anew. */
  signed?: number;
  bad: readonly FoundRow[];
  done: string;
}

async function sign(
  { signing, grants }: MongoStore,
  { mode, accept }: SigningCommand,
  settleMs: number | undefined,
): Promise<Signed> {
  const options = { accept, ...(settleMs !== undefined && { settleMs }) };
  if (mode === "rotate")
    return {
      bad: await rotateGrantKey(signing, options),
      done:
        "Everything is signed under a new key. What was signed before does not count any more. " +
        "Sessions have ended: people log in again.",
    };
  if (mode === "restored")
    return {
      bad: await restoreGrants(signing, options),
      done: "The ledger of revocations begins anew. Revoke again, over the API, what was revoked since the backup.",
    };
  const first = !grants.marked;
  const signed = (await signGrants(signing, options)).length;
  const bad = (await surveyGrants(signing)).filter(({ state }) => state !== "good");
  return {
    signed,
    bad,
    done: first
      ? "From now on a row without a signature is refused, by running processes of this release " +
        "within about a second. Sessions from before have ended."
      : "",
  };
}

function report(say: (line: string) => void, bad: readonly FoundRow[], done: string): boolean {
  if (done !== "") say(done);
  for (const row of bad)
    say(
      `REFUSED (${row.state}): ${nameOf(row)}. If it is right as it is shown above: npm run ` +
        `grants:sign -- --accept ${nameOf(row)}`,
    );
  return bad.length === 0;
}

const nameOf = ({ collection, id }: Pick<FoundRow, "collection" | "id">): string => `${collection}/${id}`;

async function main(args: readonly string[]): Promise<void> {
  const command = parseCommand(args);
  const store = await connectStore(databaseAtHand(loadConfig(), "Signing needs the database and its master keys"));
  try {
    process.exitCode = (await runSigning({ store, command, say: (line) => void process.stdout.write(`${line}\n`) }))
      ? 0
      : 1;
  } finally {
    await store.close();
  }
}

await runCommand(import.meta.url, main);
