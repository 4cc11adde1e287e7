/**
 * A time in the viewer's zone with its offset. On focus or hover it shows UTC and how long ago. A press copies both
 * times.
 */
import { useState } from "react";
import { Focusable, Tooltip, TooltipTrigger } from "react-aria-components";
import { LOCALE, t } from "../i18n/index.js";
import { formatRelative, formatTime } from "../time/format.js";
import { withoutIsolates } from "../time/formatters.js";
import { useNow } from "../time/now.js";
import { useZone } from "../time/zone.js";
import { copyText } from "./copy.js";
import styles from "./time-text.module.css";

export function TimeText({ at }: { at: string }) {
  const zone = useZone();
  const [said, setSaid] = useState<string>();
  const shown = formatTime(at, zone, LOCALE);
  const copy = () => {
    // The place of the answer is there before the answer, or a screen reader says nothing.
    setSaid("");
    void copyText(withoutIsolates(`${shown} (${formatTime(at, "UTC", LOCALE)})`)).then(setSaid);
  };
  return (
    <TooltipTrigger delay={300} shouldCloseOnPress={false} onOpenChange={(isOpen) => !isOpen && setSaid(undefined)}>
      <Focusable>
        <button type="button" className={styles.copy} onClick={copy}>
          <time dateTime={at} className={styles.time}>
            {shown}
          </time>
        </button>
      </Focusable>
      <Tooltip className={styles.tip ?? ""}>
        <UtcAndAge at={at} /> · {said || t("time.copy")}
      </Tooltip>
      {said !== undefined && (
        <span role="status" className="unseen">
          {said}
        </span>
      )}
    </TooltipTrigger>
  );
}

/** What the tip of a time says. A part of its own, so that the clock moves only what is shown. */
export function UtcAndAge({ at }: { at: string }) {
  const now = useNow();
  return `${formatTime(at, "UTC", LOCALE)} · ${formatRelative(at, now, LOCALE)}`;
}
