/**
 * `npm run chaos`: kills and faults at full size. Prints what was done and what came of it, and fails when an invariant
 * broke.
 */
import { parseArgs } from "node:util";
import type { BadMoment } from "../../test/support/bad-moments.js";
import { broken, INVARIANTS, type Invariant } from "../../test/support/oracle.js";
import { table } from "../report.js";
import { type Victim, VICTIMS } from "./cluster.js";
import { type ChaosReport, holds, runChaos } from "./run.js";
import { runCommand } from "../command.js";

const USAGE = `npm run chaos -- [options]
  --kills 60             SIGKILLs under load
  --interval 2000        mean milliseconds between them
  --victims ${VICTIMS.join(",")}
  --repeats 10           of the kills at a chosen instant (F3, F4)
  --frozen 30000         milliseconds that the database stands still
  --outage 60000         milliseconds that both engines stand still, and that the disk is full; 0 leaves them out
  --clocks-ahead 10000   milliseconds that the clocks of a worker and an API are ahead; 0 leaves it out
  --restarts 3           SIGTERMs of a worker and of an API each
  --in-flight 100        requests open at SIGTERM
  --publishers 8         of the continuous load
  --isolation 20         seconds of each phase of I5; 0 leaves it out
`;
const { values } = parseArgs({
  options: {
    kills: { type: "string", default: "60" },
    interval: { type: "string", default: "2000" },
    victims: { type: "string", default: VICTIMS.join(",") },
    repeats: { type: "string", default: "10" },
    frozen: { type: "string", default: "30000" },
    outage: { type: "string", default: "60000" },
    "clocks-ahead": { type: "string", default: "10000" },
    restarts: { type: "string", default: "3" },
    "in-flight": { type: "string", default: "100" },
    publishers: { type: "string", default: "8" },
    isolation: { type: "string", default: "20" },
    help: { type: "boolean", default: false },
  },
});

function victims(): Victim[] {
  return values.victims.split(",").map((name) => {
    const victim = VICTIMS.find((each) => each === name);
    if (!victim) throw new Error(`There is no "${name}" to kill.\n${USAGE}`);
    return victim;
  });
}

function markdown(report: ChaosReport): string {
  const { judgement, kills, answers } = report;
  const killed =
    Object.entries(kills)
      .map(([victim, count]) => `${count} × ${victim}`)
      .join(", ") || "none";
  const ratio = ((100 * judgement.doubled) / Math.max(1, judgement.deliveries)).toFixed(3);
  const summary = table(
    ["killed under load", "accepted", "deliveries", "lost", "doubled", "of them unexplained"],
    [
      [
        killed,
        String(report.accepted),
        String(judgement.deliveries),
        String(judgement.lost.length),
        `${judgement.doubled} (${ratio} %)`,
        String(judgement.unexplained.length),
      ],
    ],
  );
  const doubledAfter = Object.entries(judgement.doubledAfter)
    .map(([what, count]) => `${count} after ${what}`)
    .join(", ");
  const findings = table(
    ["fault", "done", "found", ""],
    report.findings.map(({ fault, done, found, ok }) => [fault, done, found, ok ? "holds" : "BROKEN"]),
  );
  const invariants = table(
    ["invariant", "", ""],
    Object.entries(INVARIANTS).map(([name, meaning]) => {
      const violations = judgement.violations[name as Invariant];
      return [
        name,
        meaning,
        violations === undefined
          ? "not judged in this run"
          : violations.length === 0
            ? "holds"
            : `BROKEN ${violations.length} times`,
      ];
    }),
  );
  const p99 =
    report.isolation &&
    `p99 to a healthy consumer: ${report.isolation.alone.toFixed(0)} ms alone, ` +
      `${report.isolation.onset.toFixed(0)} ms while others begin to fail, ` +
      `${report.isolation.beside.toFixed(0)} ms beside them`;
  return [
    summary,
    ...(doubledAfter ? [`delivered twice: ${doubledAfter}`] : []),
    ...(judgement.badMoments.length > 0 ? [moments(judgement.badMoments)] : []),
    findings,
    invariants,
    ...(p99 ? [p99] : []),
    ...broken(judgement),
    `${Math.round(report.seconds)} s; publish calls: ${JSON.stringify(answers)}`,
  ].join("\n\n");
}

const moments = (worst: readonly BadMoment[]): string =>
  table(
    [
      "crash with most repeats",
      "which",
      "repeats",
      "first sent, ms before it",
      "again, ms after it",
      "ms until it was back",
    ],
    worst.map(({ what, nth, repeats, before, after, down }) =>
      [what, nth, repeats, before.join(" to "), after.join(" to "), down].map(String),
    ),
  );

async function main(): Promise<number> {
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  const begun = Date.now();
  const report = await runChaos({
    kills: Number(values.kills),
    intervalMs: Number(values.interval),
    victims: victims(),
    repeats: Number(values.repeats),
    pairs: 100,
    frozenMs: Number(values.frozen),
    outageMs: Number(values.outage),
    clocksAheadMs: Number(values["clocks-ahead"]),
    restarts: Number(values.restarts),
    inFlight: Number(values["in-flight"]),
    publishers: Number(values.publishers),
    isolationSeconds: Number(values.isolation),
    say: (line) => void process.stderr.write(`${((Date.now() - begun) / 1_000).toFixed(1).padStart(6)} s  ${line}\n`),
  });
  process.stdout.write(`${markdown(report)}\n`);
  return holds(report) ? 0 : 1;
}

runCommand(main);
