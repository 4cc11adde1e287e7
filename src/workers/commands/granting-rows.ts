/** Rows that grant power, as lines that a person can check. Each line shows what the row gives and to whom. */
import type { FoundRow, GrantingName } from "../../store/grants/signing.js";

/** The fields of each collection that grant power. The rest of a row grants nothing. Secrets are not shown. */
const SHOWN: Record<GrantingName, readonly string[]> = {
  apiKeys: [
    "name",
    "role",
    "scopes",
    "groupId",
    "groupIds",
    "apiIds",
    "createdBy",
    "createdAt",
    "expiresAt",
    "revokedAt",
    "rotatedAt",
  ],
  groups: ["name", "samlGroups", "grants"],
  samlConnections: [
    "name",
    "status",
    "entityId",
    "ssoUrl",
    "ssoPostUrl",
    "signRequests",
    "roles",
    "groupIds",
    "certificates",
    "idpInitiated",
    "requireSignedResponse",
    "authnContextClassRefs",
    "clockSkewSeconds",
  ],
};
const LONGEST = 400;

/** `good apiKeys/key_…  name="ci" role="provider" …` */
export function describeRow({ collection, id, state, row }: FoundRow): string {
  const fields = SHOWN[collection].flatMap((name) =>
    row[name] === undefined ? [] : [`${name}=${textOf(name, row[name])}`],
  );
  return `${state.padEnd(11)} ${collection}/${printable(id)}  ${fields.join(" ")}`;
}

/** How many there are of each collection, by state, and of the keys by role. */
export function summaryOf(found: readonly FoundRow[]): string {
  const lines = Object.keys(SHOWN).map((collection) => {
    const rows = found.filter((row) => row.collection === collection);
    const valid = rows.filter(({ row }) => row["revokedAt"] === undefined);
    const byRole = counted(valid.map(({ row }) => printable(String(row["role"]))));
    const roles = collection === "apiKeys" ? `, by role: ${byRole} (revoked ones apart)` : "";
    return `${collection}: ${rows.length} (${counted(rows.map(({ state }) => state))})${roles}`;
  });
  return lines.join("\n");
}

function textOf(field: string, value: unknown): string {
  // Of a certificate the fingerprint is enough to compare.
  const shown: unknown =
    field === "certificates" && Array.isArray(value)
      ? value.map((each: { fingerprint256?: unknown } | null) => each?.fingerprint256)
      : value;
  const text = printable(JSON.stringify(shown));
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** An attacker may have written it, so no control characters reach the terminal. */
const printable = (text: string): string => text.replaceAll(/[^\x20-\x7e\u00a0-\u024f]/g, "?");

function counted(values: readonly string[]): string {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts.size === 0
    ? "none"
    : [...counts]
        .sort()
        .map(([value, count]) => `${count} ${value}`)
        .join(", ");
}
