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

export const numberFormat = (locale: string, options: Intl.NumberFormatOptions = {}): Intl.NumberFormat =>
  kept(`number ${locale} ${JSON.stringify(options)}`, () => new Intl.NumberFormat(locale, options));

/** @throws RangeError for a zone that the browser does not know */
export const dateTimeFormat = (locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
  kept(`time ${locale} ${JSON.stringify(options)}`, () => new Intl.DateTimeFormat(locale, options));

export const relativeTimeFormat = (locale: string, options: Intl.RelativeTimeFormatOptions): Intl.RelativeTimeFormat =>
  kept(`ago ${locale} ${JSON.stringify(options)}`, () => new Intl.RelativeTimeFormat(locale, options));
