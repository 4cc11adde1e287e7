/** What one version of a schema has changed against the one before, member by member. */
import { type SchemaLine, schemaTree } from "./schema-tree.js";

export interface SchemaChange {
  path: string;
  what: "added" | "removed" | "changed";
  /** `string, required, maxLength 10`. Absent on the side where the member is not. */
  before?: string;
  after?: string;
}

const wordsOf = ({ type, required, limits }: SchemaLine): string =>
  [type, ...(required ? ["required"] : []), ...limits].join(", ");

const byPath = (schema: unknown): Map<string, string> =>
  new Map(schemaTree(schema).lines.map((line) => [line.path, wordsOf(line)]));

/** In the order of the newer version, and what was removed at the end. A description is no change. */
export function schemaChanges(before: unknown, after: unknown): SchemaChange[] {
  const [old, now] = [byPath(before), byPath(after)];
  const there = [...now].flatMap(([path, words]): SchemaChange[] => {
    const was = old.get(path);
    if (was === undefined) return [{ path, what: "added", after: words }];
    return was === words ? [] : [{ path, what: "changed", before: was, after: words }];
  });
  const gone = [...old].flatMap(([path, words]): SchemaChange[] =>
    now.has(path) ? [] : [{ path, what: "removed", before: words }],
  );
  return [...there, ...gone];
}
