/**
 * Runs the chosen cases, each time on a fresh stack. They run once, or in turns with the service of another checkout or
 * with other values of a setting.
 */
import { spawnSync } from "node:child_process";
import type { Service } from "../test/support/service.js";
import type { Run, Sizes } from "./case.js";
import { CASES, type CaseName } from "./cases.js";
import { quantile } from "./clock.js";
import type { Row } from "./measure.js";
import { table } from "./report.js";
import { startStack } from "./stack.js";

export interface Plan {
  cases: CaseName[];
  sizes: Sizes;
  /** Settings of the service. */
  env: Record<string, string>;
  /** Says what is going on. */
  say: (line: string) => void;
}

export interface Round {
  build: Build;
  /** 1, 2, … */
  round: number;
  run: Run;
  /** Cases that failed, and rows with something lost or not recorded. */
  failed: number;
}

/** `this build`, `the other build`, or a setting with its value. */
type Build = string;
const [THIS, OTHER] = ["this build", "the other build"];

/** A setting of the service that takes these values in turns. */
export interface Varied {
  key: string;
  values: string[];
}

export interface RoundsOptions {
  /** How often each build is measured. */
  rounds: number;
  /** Directory of the other checkout, if there is one. */
  against?: string;
  vary?: Varied;
  /** Where the service leaves its CPU profiles. */
  profileDir?: string;
}

/**
 * Measures both builds in turns, so that what else the machine does meets both alike.
 * @throws Error when the other checkout cannot be built
 */
export async function measureRounds(
  plan: Plan,
  { rounds, against, vary, profileDir }: RoundsOptions,
): Promise<Round[]> {
  if (against !== undefined) buildThere(against);
  const builds: { build: Build; root?: string; env?: Record<string, string> }[] = vary
    ? vary.values.map((value) => ({ build: `${vary.key}=${value}`, env: { [vary.key]: value } }))
    : [{ build: THIS }, ...(against === undefined ? [] : [{ build: OTHER, root: against }])];
  const done: Round[] = [];
  for (let round = 1; round <= rounds; round++)
    // Each build is the first one as often as the other.
    for (const { build, root, env } of round % 2 === 1 ? builds : builds.toReversed()) {
      plan.say(`Round ${round} of ${rounds}, ${build}: starting the service, the sinks and the load generator`);
      done.push({
        build,
        round,
        ...(await measureOnce(
          { ...plan, env: { ...plan.env, ...env } },
          { ...(root && { root }), ...(profileDir && { profileDir }) },
        )),
      });
    }
  return done;
}

function buildThere(directory: string): void {
  const { status } = spawnSync(process.execPath, ["scripts/build.mjs", "--if-changed"], {
    cwd: directory,
    stdio: ["ignore", "ignore", "inherit"],
  });
  if (status !== 0) throw new Error(`${directory} could not be built: run npm ci and npm run build there.`);
}

async function measureOnce(
  { cases, sizes, env, say }: Plan,
  where: { root?: string; profileDir?: string },
): Promise<{ run: Run; failed: number }> {
  const stack = await startStack({ env, ...where });
  const run: Run = { stack, sizes, raw: [], rows: [], comparisons: [], say };
  let failed = 0;
  try {
    for (const each of cases)
      await CASES[each].run(run).catch((error: unknown) => {
        failed++;
        say(`Case ${each} failed: ${String(error)}\nThe service complained last of:\n${complaints(stack.service)}`);
      });
    for (const { name, lost, unrecorded, lostStatuses = {} } of run.rows) {
      if (lost + unrecorded === 0) continue;
      failed++;
      say(
        `${name}: ${lost} lost, of which ${JSON.stringify(lostStatuses)}, and ${unrecorded} not recorded\n` +
          `The service complained last of:\n${complaints(stack.service)}`,
      );
    }
  } finally {
    await stack.end();
  }
  return { run, failed };
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

const FIGURES: readonly { name: string; of: (row: Row) => number }[] = [
  { name: "delivered/s", of: (row) => row.deliveredPerSecond },
  { name: "CPU s per 1,000", of: ({ cpuPerThousand: { harness: _, ...ours } }) => sum(Object.values(ours)) },
  { name: "of harness CPU", of: (row) => row.cpuOfHarness },
  { name: "acknowledged p50, ms", of: ({ acknowledged }) => acknowledged.p50 },
  { name: "end to end p50, ms", of: ({ endToEnd }) => endToEnd.p50 },
  { name: "end to end p99, ms", of: ({ endToEnd }) => endToEnd.p99 },
  { name: "slowest, ms", of: ({ slowestMs }) => slowestMs },
  { name: "peak MiB of the service", of: ({ peakMiB }) => peakMiB["service"] ?? Number.NaN },
];

const namesOf = (rounds: readonly Round[]): string[] => [
  ...new Set(rounds.flatMap(({ run }) => run.rows.map(({ name }) => name))),
];
const medianOf =
  (rounds: readonly Round[]) =>
  (build: Build, name: string, of: (row: Row) => number): number =>
    quantile(
      rounds
        .filter((each) => each.build === build)
        .flatMap(({ run }) => run.rows.filter((row) => row.name === name).map(of)),
      0.5,
    );

/** The median over the rounds of each figure of each case, for each value of the setting. */
export function byValue(rounds: readonly Round[]): string {
  const median = medianOf(rounds);
  const builds = [...new Set(rounds.map(({ build }) => build))];
  return table(
    ["case and figure, medians", ...builds],
    namesOf(rounds).flatMap((name) =>
      FIGURES.map(({ name: figure, of }) => [
        `${name}: ${figure}`,
        ...builds.map((build) => median(build, name, of).toFixed(2)),
      ]),
    ),
  );
}

/** The median over the rounds of each figure of each case, for both builds, and their ratio. */
export function sideBySide(rounds: readonly Round[]): string {
  const median = medianOf(rounds);
  const names = namesOf(rounds);
  return table(
    ["case and figure, medians", "this build", "the other build", "this ÷ other"],
    names.flatMap((name) =>
      FIGURES.map(({ name: figure, of }) => {
        const [here, there] = [median(THIS, name, of), median(OTHER, name, of)];
        return [`${name}: ${figure}`, here.toFixed(2), there.toFixed(2), (here / there).toFixed(2)];
      }),
    ),
  );
}

const sum = (values: number[]): number => values.reduce((total, value) => total + value, 0);
