/** The times of a row: when it began, which is also the way to it, and when it is tried next. */
import { Link } from "@tanstack/react-router";
import { Focusable, Tooltip, TooltipTrigger } from "react-aria-components";
import { LOCALE, t } from "../../i18n/index.js";
import { UtcAndAge } from "../../parts/time-text.js";
import tipStyles from "../../parts/time-text.module.css";
import { formatRelative, formatTime } from "../../time/format.js";
import { useNow } from "../../time/now.js";
import { useZone } from "../../time/zone.js";
import type { DeliverySummary } from "./queries.js";
import { keptSearch } from "../../search-parameters.js";
import styles from "../../parts/rows/table.module.css";

export function TimeLink({ row }: { row: DeliverySummary }) {
  const zone = useZone();
  return (
    <TooltipTrigger delay={400}>
      <Focusable>
        <Link
          to="/deliveries/$id"
          params={{ id: row.id }}
          search={keptSearch}
          className={styles.time}
          data-row-link
          preload={false}
        >
          <time dateTime={row.createdAt}>{formatTime(row.createdAt, zone, LOCALE)}</time>
        </Link>
      </Focusable>
      <Tooltip className={tipStyles.tip ?? ""}>
        <UtcAndAge at={row.createdAt} />
      </Tooltip>
    </TooltipTrigger>
  );
}

export function NextAttempt({ row: { nextAttemptAt } }: { row: DeliverySummary }) {
  // Most rows have none, and no clock for it.
  return nextAttemptAt === undefined ? null : <Due nextAttemptAt={nextAttemptAt} />;
}

function Due({ nextAttemptAt }: { nextAttemptAt: string }) {
  const zone = useZone();
  const now = useNow();
  return (
    <time dateTime={nextAttemptAt} title={formatTime(nextAttemptAt, zone, LOCALE)}>
      {new Date(nextAttemptAt).getTime() <= now ? t("deliveries.due") : formatRelative(nextAttemptAt, now, LOCALE)}
    </time>
  );
}
