/** Times in the form that SAML uses, xs:dateTime (core, 1.3.3). */

const INSTANT = /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.\d{1,9})?(Z|[+-]\d{2}:\d{2})?$/;

/**
 * Milliseconds since the epoch. NaN when the calendar has no such time, for example 30 February, which Date.parse takes
 * for 2 March. `zone` says what a time without a zone means. A response must always have one, because its validity is
 * only minutes.
 */
export function parseInstant(text: string, zone: "needed" | "utc" = "needed"): number {
  const [, year, month, day, hour, minute, second, given] = INSTANT.exec(text) ?? [];
  if (given === undefined && (year === undefined || zone === "needed")) return Number.NaN;
  const written = `${year}-${month}-${day}T${hour}:${minute}:${second}`;
  const local = Date.parse(`${written}Z`);
  if (Number.isNaN(local) || new Date(local).toISOString().slice(0, 19) !== written) return Number.NaN;
  return Date.parse(given === undefined ? `${text}Z` : text);
}
