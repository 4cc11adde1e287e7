/** How it stands, in plain words. */
import { LOCALE, t } from "../../i18n/index.js";
import { numberOf } from "../../i18n/number.js";
import type { OverviewFigures } from "./queries.js";
import { numberFormat } from "../../time/formatters.js";

/** Each a sentence: how the endpoints do, what waits, and what was refused and stays until somebody looks at it. */
export function sentencesOf({
  sentence: { code, values },
  subscriptions: { byHealth },
  parked,
}: Pick<OverviewFigures, "sentence" | "subscriptions" | "parked">): string[] {
  const { inService, degraded } = values;
  const { disabled = 0 } = byHealth;
  const failing = values.failing - disabled;
  const number = numberOf(inService);
  const refused = parked !== undefined && parked.count > 0;
  const how = {
    // A disabled one counts as failing, and the cards name each.
    some_failing: () =>
      [
        ...(failing > 0 ? [t("overview.someFailing", { count: failing, some: numberOf(failing), number })] : []),
        ...(disabled > 0 ? [t("overview.someDisabled", { count: disabled, some: numberOf(disabled), number })] : []),
      ].join(" "),
    some_degraded: () => t("overview.someDegraded", { count: degraded, some: numberOf(degraded), number }),
    // What was refused was not taken.
    all_well: () => (refused ? t("overview.noneFailing") : t("overview.allWell", { count: inService, number })),
    none_in_service: () => t("overview.noneInService"),
    no_endpoint: () => t("overview.noEndpoint"),
  }[code]();
  if (code === "no_endpoint") return [how];
  return [how, waitingSentence(values), ...(refused ? [parkedSentence(parked)] : [])];
}

function parkedSentence({ count, exact }: NonNullable<OverviewFigures["parked"]>): string {
  return t(exact ? "overview.parkedWait" : "overview.parkedWaitAtLeast", { count, number: numberOf(count) });
}

function waitingSentence({
  waiting,
  waitingExact,
  oldestWaitingSeconds,
}: OverviewFigures["sentence"]["values"]): string {
  if (waiting === undefined) return t("overview.waitingUnread");
  if (waiting === 0 || oldestWaitingSeconds === undefined) return t("overview.nothingWaits");
  const age = formatAge(oldestWaitingSeconds, LOCALE);
  const number = numberOf(waiting);
  return t(waitingExact === false ? "overview.waitingAtLeast" : "overview.waiting", { count: waiting, number, age });
}

const UNITS: readonly [unit: string, seconds: number][] = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
  ["second", 1],
];

/** 14 min, 3 hr: cut to the greatest whole unit. */
export function formatAge(seconds: number, locale = "en-GB"): string {
  // From two days on a day is exact enough, and from two hours on an hour.
  const [unit, length] = UNITS.find(([name, each]) => seconds >= (name === "minute" ? each : 2 * each)) ?? [
    "second",
    1,
  ];
  return numberFormat(locale, { style: "unit", unit, unitDisplay: "short" }).format(Math.floor(seconds / length));
}
