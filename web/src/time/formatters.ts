/**
 * Formatters of the browser. To make one takes it as long as to use it many times, and a list has hundreds of figures.
 * So each is made once.
 */

const made = new Map<string, unknown>();

function kept<F>(key: string, make: () => F): F {
  const known = made.get(key) as F | undefined;
  if (known !== undefined) return known;
  const fresh = make();
  made.set(key, fresh);
  return fresh;
}

/**
 * In a page from right to left an English date would be turned around: its day would stand behind its year. So there
 * each figure is a part of its own, whose direction is that of its first letter (Unicode Annex 9, FSI and PDI). They
 * are characters and no element, because most figures are parts of a sentence.
 */
const isolated = (text: string): string =>
  globalThis.document?.documentElement.dir === "rtl" ? `\u2068${text}\u2069` : text;

interface Shown<V> {
  format: (value: V) => string;
}
const shown = <V>(formatter: Shown<V>): Shown<V> => ({ format: (value) => isolated(formatter.format(value)) });

export const numberFormat = (locale: string, options: Intl.NumberFormatOptions = {}): Shown<number> =>
  kept(`number ${locale} ${JSON.stringify(options)}`, () => shown(new Intl.NumberFormat(locale, options)));

/** @throws RangeError for a zone that the browser does not know */
export const dateTimeFormat = (locale: string, options: Intl.DateTimeFormatOptions): Shown<Date> =>
  kept(`time ${locale} ${JSON.stringify(options)}`, () => shown(new Intl.DateTimeFormat(locale, options)));

interface ShownAge {
  format: (value: number, unit: Intl.RelativeTimeFormatUnit) => string;
}
export const relativeTimeFormat = (locale: string, options: Intl.RelativeTimeFormatOptions): ShownAge =>
  kept(`ago ${locale} ${JSON.stringify(options)}`, () => {
    const format = new Intl.RelativeTimeFormat(locale, options);
    return { format: (value, unit) => isolated(format.format(value, unit)) };
  });

/** The same without what isolates it: for what leaves the page. */
export const withoutIsolates = (text: string): string => text.replaceAll(/[\u2068\u2069]/g, "");
