/**
 * `npm run bench`: starts the whole stack on 127.0.0.1, measures the chosen cases, prints Markdown and writes JSON.
 * Nothing here passes or fails by a duration.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, relative, resolve } from "node:path";
import { parseArgs } from "node:util";
import { repositoryRoot } from "../test/support/build.js";
import type { Sizes } from "./case.js";
import { CASES, type CaseName } from "./cases.js";
import { topSelfTimes } from "./profile.js";
import { markdown, table } from "./report.js";
import { byValue, measureRounds, type Plan, sideBySide, type Varied } from "./rounds.js";
import { print, runCommand, say } from "./command.js";

const USAGE = `npm run bench -- [options]
  --cases a,b,c,d,e,f,g,h,i,j
                         ${Object.entries(CASES)
                           .map(([name, { title }]) => `${name}: ${title}`)
                           .join("; ")} (all)
  --events 20000         of a burst
  --concurrency 32,256   clients of a burst
  --rates 5,50           publishes a second, paced
  --seconds 20           of each paced rate
  --fan-out 200x100      events x subscriptions
  --filled 50000,130000  deliveries that are stored before a burst of case j
  --payload 1024         bytes of an event's data
  --against DIR          measures the service of this other checkout too, in turns (it is built there first)
  --rounds 1             how often each build is measured
  --own-ids              the publisher gives the event ids
  --env KEY=VALUE        a setting for the service; may be repeated
  --vary KEY=a,b,c       measures this build with each value of a setting of the service, in turns
  --cpu-prof             also shows where the service's time went (it runs slower then)
`;

const { values } = parseArgs({
  options: {
    cases: { type: "string", default: "a,b,c,d,e,f,g,h,i,j" },
    events: { type: "string", default: "20000" },
    concurrency: { type: "string", default: "32,256" },
    rates: { type: "string", default: "5,50" },
    seconds: { type: "string", default: "20" },
    "fan-out": { type: "string", default: "200x100" },
    filled: { type: "string", default: "50000,130000" },
    payload: { type: "string", default: "1024" },
    against: { type: "string" },
    rounds: { type: "string", default: "1" },
    "own-ids": { type: "boolean", default: false },
    env: { type: "string", multiple: true, default: [] },
    vary: { type: "string" },
    "cpu-prof": { type: "boolean", default: false },
    help: { type: "boolean", default: false },
  },
});

/** Gives the exit code. */
async function main(): Promise<number> {
  if (values.help) {
    print(USAGE);
    return 0;
  }
  const directory = join(repositoryRoot(), "bench", "results");
  const name = new Date().toISOString().replaceAll(":", "-").slice(0, 19);
  const profileDir = values["cpu-prof"] ? join(directory, `${name}-profiles`) : undefined;
  const plan: Plan = { cases: chosenCases(), sizes: sizes(), env: settings(), say };
  const rounds = await measureRounds(plan, {
    rounds: positive(values.rounds),
    ...(values.against !== undefined && { against: resolve(values.against) }),
    ...(values.vary !== undefined && { vary: varied(values.vary) }),
    ...(profileDir && { profileDir }),
  });
  const machine = `${cpus().length} cores, node ${process.version}`;
  print(`${machine}; a warm-up of a tenth of the size (3 s when paced) went before each measurement.`);
  for (const { build, round, run } of rounds) print(`\n${build}, round ${round}\n\n${markdown(run)}`);
  if (values.against !== undefined) print(`\n${sideBySide(rounds)}`);
  if (values.vary !== undefined) print(`\n${byValue(rounds)}`);
  if (profileDir) printProfile(profileDir);
  mkdirSync(directory, { recursive: true });
  const file = join(directory, `${name}.json`);
  const results = rounds.map(({ build, round, run: { raw, rows, comparisons } }) => ({
    build,
    round,
    raw,
    rows,
    comparisons,
  }));
  writeFileSync(file, JSON.stringify({ at: name, machine, sizes: plan.sizes, settings: plan.env, results }, null, 2));
  print(`\nWritten to ${relative(process.cwd(), file)}`);
  return rounds.every(({ failed }) => failed === 0) ? 0 : 1;
}

function sizes(): Sizes {
  const [events = 0, subscriptions = 0] = values["fan-out"].split("x").map(positive);
  return {
    events: positive(values.events),
    concurrency: values.concurrency.split(",").map(positive),
    perSecond: values.rates.split(",").map(positive),
    seconds: positive(values.seconds),
    fanOut: { events, subscriptions },
    filled: values.filled.split(",").map(positive),
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

function varied(pair: string): Varied {
  const [key = "", ...rest] = pair.split("=");
  return { key, values: rest.join("=").split(",") };
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

runCommand(main);
