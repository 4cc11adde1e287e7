/** A window between two times, on the clock of the zone that is shown. It is loaded when it is first opened. */
import { fromDate, type ZonedDateTime } from "@internationalized/date";
import { type FormEvent, useState } from "react";
import {
  Button,
  CalendarCell,
  CalendarGrid,
  DateInput,
  DateRangePicker,
  type DateRange,
  DateSegment,
  Dialog,
  Group,
  Heading,
  I18nProvider,
  Label,
  Popover,
  RangeCalendar,
} from "react-aria-components";
import { LOCALE, t } from "../../../i18n/index.js";
import { Icon } from "../../../parts/icon.js";
import { useZone } from "../../../time/zone.js";
import styles from "./range-picker.module.css";

export interface RangePickerProps {
  since: Date;
  /** Without it the window has no end, and what is created from now on is in it too. */
  until: Date | undefined;
  apply: (since: Date, until: Date | undefined) => void;
}

/** Loaded lazily, so it is a default export. */
export default function RangePicker(props: RangePickerProps) {
  return (
    // The day and the month in the reader's own order, as in every other time of the page.
    <I18nProvider locale={LOCALE}>
      <RangeForm {...props} />
    </I18nProvider>
  );
}

function RangeForm({ since, until, apply }: RangePickerProps) {
  const zone = useZone();
  const { range, choose, isWhole, isOpen, setOpen } = useRange({ since, until, zone });
  const isBackwards = !isOpen && range.start.compare(range.end) > 0;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (isWhole && !isBackwards) apply(range.start.toDate(), isOpen ? undefined : range.end.toDate());
  };
  return (
    <form className={styles.form} onSubmit={submit}>
      <DateRangePicker
        value={range}
        onChange={choose}
        granularity="second"
        hourCycle={24}
        shouldForceLeadingZeros
        isInvalid={isBackwards}
        className={styles.picker ?? ""}
      >
        <Label className={styles.label ?? ""}>{t("filters.range", { zone })}</Label>
        <Group className={styles.group ?? ""}>
          <Input slot="start" />
          {!isOpen && (
            <>
              <span aria-hidden="true">–</span>
              <Input slot="end" />
            </>
          )}
          <Button className={styles.open ?? ""}>
            <Icon name="calendar" />
          </Button>
        </Group>
        <Popover className={styles.popover ?? ""}>
          <Dialog className={styles.dialog ?? ""}>
            <Months />
          </Dialog>
        </Popover>
      </DateRangePicker>
      <label className={styles.toggle}>
        <input type="checkbox" checked={isOpen} onChange={({ target }) => setOpen(target.checked)} />
        {t("filters.openEnd")}
      </label>
      <button className="button quiet" disabled={!isWhole || isBackwards}>
        {t("filters.apply")}
      </button>
      {isBackwards && (
        <p role="alert" className={styles.fault}>
          {t("filters.backwards")}
        </p>
      )}
    </form>
  );
}

/** Follows the address and the zone, and can be typed over until one of them changes. */
function useRange({ since, until, zone }: Pick<RangePickerProps, "since" | "until"> & { zone: string }) {
  const [now] = useState(thisSecond);
  const given = [since.getTime(), until?.getTime(), zone].join();
  // Exact instants: an end that nobody changes stays what it was.
  const first = () => ({ start: fromDate(since, zone), end: fromDate(until ?? now, zone) });
  const [known, setKnown] = useState(given);
  const [range, setRange] = useState<{ start: ZonedDateTime; end: ZonedDateTime }>(first);
  const [isOpen, setOpen] = useState(until === undefined);
  const [isWhole, setWhole] = useState(true);
  if (known !== given) {
    setKnown(given);
    setRange(first());
    setOpen(until === undefined);
    setWhole(true);
  }
  const choose = (next: Partial<DateRange> | null) => {
    // While a part is typed the picker gives nothing, or one end without the other. What was whole stays until then.
    const { start, end } = next ?? {};
    setWhole(Boolean(start && end));
    if (!start || !end) return;
    const chosen = { start: inZone(start, zone), end: inZone(end, zone) };
    if (chosen.end.compare(range.end) !== 0) setOpen(false);
    setRange(chosen);
  };
  return { range, choose, isWhole, isOpen, setOpen };
}

const thisSecond = (): Date => new Date(Math.floor(Date.now() / 1_000) * 1_000);

/** What the picker gives has the zone that it was given. */
function inZone(value: DateRange["start"], zone: string): ZonedDateTime {
  return "offset" in value ? value : fromDate(value.toDate(zone), zone);
}

function Input({ slot }: { slot: "start" | "end" }) {
  return (
    <DateInput slot={slot} className={styles.input ?? ""}>
      {(segment) => <DateSegment segment={segment} className={styles.segment ?? ""} />}
    </DateInput>
  );
}

function Months() {
  return (
    <RangeCalendar>
      <header className={styles.head}>
        <Button slot="previous" className={styles.open ?? ""}>
          <Icon name="back" />
        </Button>
        <Heading className={styles.month ?? ""} />
        <Button slot="next" className={styles.open ?? ""}>
          <Icon name="forward" />
        </Button>
      </header>
      <CalendarGrid className={styles.grid ?? ""}>
        {(date) => <CalendarCell date={date} className={styles.cell ?? ""} />}
      </CalendarGrid>
    </RangeCalendar>
  );
}
