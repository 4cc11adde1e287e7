/** A time in the viewer's zone with its offset. On focus or hover it shows UTC and how long ago. */
import { Focusable, Tooltip, TooltipTrigger } from "react-aria-components";
import { LOCALE } from "../i18n/index.js";
import { formatRelative, formatTime } from "../time/format.js";
import { useNow } from "../time/now.js";
import { useZone } from "../time/zone.js";
import styles from "./time-text.module.css";

export function TimeText({ at }: { at: string }) {
  const zone = useZone();
  return (
    <TooltipTrigger delay={300}>
      <Focusable>
        <time role="note" tabIndex={0} dateTime={at} className={styles.time}>
          {formatTime(at, zone, LOCALE)}
        </time>
      </Focusable>
      <Tooltip className={styles.tip ?? ""}>
        <UtcAndAge at={at} />
      </Tooltip>
    </TooltipTrigger>
  );
}

/** What the tip of a time says. A part of its own, so that the clock moves only what is shown. */
export function UtcAndAge({ at }: { at: string }) {
  const now = useNow();
  return `${formatTime(at, "UTC", LOCALE)} · ${formatRelative(at, now, LOCALE)}`;
}
