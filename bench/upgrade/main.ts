/** `npm run upgrade -- --from DIR`: an older release leaves open deliveries, and this one goes on with them. */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { table } from "../report.js";
import { ENDINGS, type Ending, runUpgrade } from "./run.js";

const USAGE = `npm run upgrade -- --from DIR [options]
  --from DIR         a checkout of the older release, with its own node_modules and built
  --events 50        for each kind of endpoint
  --ended-by ${ENDINGS.join("|")}  how the older release ends (${ENDINGS[0]})
`;
const { values } = parseArgs({
  options: {
    from: { type: "string" },
    events: { type: "string", default: "50" },
    "ended-by": { type: "string", default: ENDINGS[0] },
    help: { type: "boolean", default: false },
  },
});

/** Gives the exit code. */
async function main(): Promise<number> {
  if (values.help || values.from === undefined) {
    process.stdout.write(USAGE);
    return values.help ? 0 : 2;
  }
  const endedBy = ENDINGS.find((name): name is Ending => name === values["ended-by"]);
  const events = Number(values.events);
  if (!endedBy || !(events > 0)) throw new Error(USAGE);
  const rows = await runUpgrade({
    from: resolve(values.from),
    events,
    endedBy,
    say: (text) => void process.stderr.write(`${text}\n`),
  });
  const titles = ["endpoint", "before the upgrade", "after it", "sent before", "sent after", "taken more than once"];
  const cells = rows.map((row) => [
    row.name,
    counted(row.before),
    counted(row.after),
    String(row.sentBefore),
    String(row.sentAfter),
    String(row.takenAgain),
  ]);
  process.stdout.write(`\n${table(titles, cells)}\n`);
  const faults = rows.flatMap(({ name, faults: found }) => found.map((fault) => `${name}: ${fault}`));
  for (const fault of faults) process.stdout.write(`BROKEN ${fault}\n`);
  return faults.length === 0 ? 0 : 1;
}

const counted = (counts: Record<string, number>): string =>
  Object.entries(counts)
    .map(([status, count]) => `${count} ${status}`)
    .join(", ");

process.exitCode = await main();
