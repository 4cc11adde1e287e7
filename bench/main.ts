/**
 * `npm run bench`: starts the whole stack on 127.0.0.1, measures the chosen cases, prints Markdown and writes JSON.
 * Nothing here passes or fails by a duration.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, relative } from "node:path";
import { parseArgs } from "node:util";
import { repositoryRoot } from "../test/support/build.js";
import type { Service } from "../test/support/service.js";
import { CASES, type CaseName, type Run, type Sizes } from "./cases.js";
import { topSelfTimes } from "./profile.js";
import { markdown, table } from "./report.js";
import { startStack } from "./stack.js";

const USAGE = `npm run bench -- [options]
  --cases a,b,c,d,e      ${Object.entries(CASES)
    .map(([name, { title }]) => `${name}: ${title}`)
    .join("; ")} (all)
  --events 20000         of a burst
  --concurrency 32,256   clients of a burst
  --rates 5,50           publishes a second, paced
  --seconds 20           of each paced rate
  --fan-out 200x100      events x subscriptions
  --payload 1024         bytes of an event's data
  --own-ids              the publisher gives the event ids
  --env KEY=VALUE        a setting for the service; may be repeated
  --cpu-prof             also shows where the service's time went (it runs slower then)
`;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "a,b,c,d,e" },
    events: { type: "string", default: "20000" },
    concurrency: { type: "string", default: "32,256" },
    rates: { type: "string", default: "5,50" },
    seconds: { type: "string", default: "20" },
    "fan-out": { type: "string", default: "200x100" },
    payload: { type: "string", default: "1024" },
    "own-ids": { type: "boolean", default: false },
    env: { type: "string", multiple: true, default: [] },
    "cpu-prof": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const say = (text: string): void => void process.stderr.write(`${text}\n`);

/** Gives the exit code. */
async function main(): Promise<number> {
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const directory = join(repositoryRoot(), "bench", "results");
  const name = new Date().toISOString().replaceAll(":", "-").slice(0, 19);
  const profileDir = values["cpu-prof"] ? join(directory, `${name}-profiles`) : undefined;
  say("Starting the service, the sinks and the load generator");
  const stack = await startStack({ env: settings(), ...(profileDir && { profileDir }) });
  const run: Run = { stack, sizes: sizes(), raw: [], rows: [], say };
  let failed = 0;
  try {
    for (const each of chosenCases()) {
      await CASES[each].run(run).catch((error: unknown) => {
        failed++;
        say(
          `Case ${each} failed: ${String(error)}\nWhat the service complained of last:\n${complaints(stack.service)}`,
        );
      });
    }
    for (const row of run.rows.filter(({ lost, unrecorded }) => lost + unrecorded > 0)) {
      failed++;
      say(
        `${row.name}: ${row.lost} lost, of which ${JSON.stringify(row.lostStatuses ?? {})}\nWhat the ` +
          `service complained of last:\n${complaints(stack.service)}`,
      );
    }
  } finally {
    await stack.end();
  }
  const { raw, rows } = run;
  const machine = `${cpus().length} cores, node ${process.version}`;
  print(`${machine}; a warm-up of a tenth of the size (3 s when paced) went before each measurement.\n`);
  print(markdown({ raw, rows }));
  if (profileDir) printProfile(profileDir);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${name}.json`);
  writeFileSync(
    file,
    JSON.stringify({ at: name, machine, sizes: run.sizes, settings: settings(), raw, rows }, null, 2),
  );
  print(`\nWritten to ${relative(process.cwd(), file)}`);
  return failed === 0 ? 0 : 1;
}

/** The last lines of the log that are not ordinary: warnings and errors of the structured log, and plain lines. */
function complaints(service: Service): string {
  const lines = service
    .log()
    .trimEnd()
    .split("\n")
    .filter((line) => !/^\{"level":"(trace|debug|info)"/.test(line));
  return `${lines
    .slice(-12)
    .map((line) => line.slice(0, 600))
    .join("\n")}${service.running() ? "" : "\nThe service has ended."}`;
}

function sizes(): Sizes {
  const [events = 0, subscriptions = 0] = values["fan-out"].split("x").map(positive);
  return {
    events: positive(values.events),
    concurrency: values.concurrency.split(",").map(positive),
    perSecond: values.rates.split(",").map(positive),
    seconds: positive(values.seconds),
    fanOut: { events, subscriptions },
    payloadBytes: positive(values.payload),
    ownIds: values["own-ids"],
  };
}

function chosenCases(): CaseName[] {
  return values.cases.split(",").map((name) => {
    if (!(name in CASES)) throw new Error(`There is no case "${name}".\n${USAGE}`);
    return name as CaseName;
  });
}

function settings(): Record<string, string> {
  return Object.fromEntries(
    values.env.map((pair) => [pair.slice(0, pair.indexOf("=")), pair.slice(pair.indexOf("=") + 1)]),
  );
}

function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new Error(`"${text}" is no positive number.\n${USAGE}`);
  return value;
}

function printProfile(directory: string): void {
  const { functions, packages } = topSelfTimes(directory);
  const lines = (items: typeof functions) =>
    items.map(({ place, milliseconds, share }) => [
      place,
      Math.round(milliseconds).toString(),
      `${(100 * share).toFixed(1)} %`,
    ]);
  print(`\n${table(["self time of the service, by package", "ms", "share"], lines(packages))}`);
  print(`\n${table(["by function", "ms", "share"], lines(functions))}`);
}

main().then(
  (code) => process.exit(code),
  (error: unknown) => {
    say(error instanceof Error ? error.message : String(error));
    process.exit(1);
  },
);
// Not `once`: a signal to the whole process group comes twice (once passed on by npm), and the second would cut the
// cleaning up short.
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, () => process.exit(130));
