/** Which columns of a list a person does not want to see. */

export interface ListColumn {
  key: string;
  title: () => string;
  numeric?: true;
  /** The way to what the row is about. It cannot be hidden. */
  fixed?: true;
}

/** What was stored may name a column that is fixed since, or is no more. */
export const shownOf = <Column extends ListColumn>(columns: readonly Column[], hidden: readonly string[]): Column[] =>
  columns.filter(({ key, fixed }) => fixed ?? !hidden.includes(key));

export const toggled = (hidden: readonly string[], key: string): readonly string[] =>
  hidden.includes(key) ? hidden.filter((each) => each !== key) : [...hidden, key];
