/**
 * The parameters of addresses: plain text both ways, so that a person can read and write them. Each screen says which
 * it takes (`validateSearch`), and what it does not know is dropped.
 */

/** Of every screen. */
export interface FrameSearch {
  /** The zone in which times are shown. */
  tz?: string;
  /** The one group that is shown. */
  group?: string;
  /** The one api that is shown. */
  api?: string;
  /** Where a list goes on. */
  cursor?: string;
}

type Given = Record<string, unknown>;

/** `?a=1&b=x` as an object of texts. */
export const parseSearch = (text: string): Record<string, string> => Object.fromEntries(new URLSearchParams(text));

/** The other way. What is empty is left out. */
export function stringifySearch(search: Given): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(search))
    if (typeof value === "string" && value !== "") parameters.set(name, value);
  // Readable where a query may hold them (RFC 3986, 3.4).
  const text = parameters.toString().replaceAll("%2C", ",").replaceAll("%3A", ":").replaceAll("%2F", "/");
  return text === "" ? "" : `?${text}`;
}

/** The texts of these names. Others are dropped. */
export function textsOf<K extends string>(given: Given, names: readonly K[]): Partial<Record<K, string>> {
  const found: Partial<Record<K, string>> = {};
  for (const name of names) {
    const value = given[name];
    if (typeof value === "string" && value !== "") found[name] = value;
  }
  return found;
}

export const frameSearch = (given: Given): FrameSearch => textsOf(given, ["tz", "group", "api", "cursor"]);

/** What goes along from one screen to another. */
export type KeptSearch = Pick<FrameSearch, "tz" | "group" | "api">;

export const keptSearch = ({ tz, group, api }: KeptSearch): KeptSearch => ({
  ...(tz && { tz }),
  ...(group && { group }),
  ...(api && { api }),
});
