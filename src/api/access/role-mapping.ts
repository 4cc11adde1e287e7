/**
 * From what an identity provider says of a person to what the person may be here. Pure; asked at each request, so that
 * a change takes effect at once.
 */
import type { Group, Role } from "../../store/model.js";
import type { SamlConnection } from "../../store/collections/saml-connections.js";

/** One role that a person may act in, and its limits as an actor has them. */
export interface Standing {
  role: Role;
  /** Of a consumer: the groups it is a member of. */
  groupIds?: readonly string[];
  /** Of a provider: the apis it is limited to; absent: all. */
  apiIds?: readonly string[];
}

/** Least powerful first: whoever has several roles starts in the one that can do the least harm. */
const BY_POWER: readonly Role[] = ["consumer", "auditor", "operator", "provider", "admin"];

/**
 * What the person may be, least powerful first; empty: nothing. A group is given only by a connection that lists it,
 * and a privileged role only by the connection's own table: what one company's identity provider says never counts for
 * another's.
 */
export function standingsOf(
  connection: Pick<SamlConnection, "groupIds" | "roles">,
  samlGroups: ReadonlySet<string>,
  groupOf: (id: string) => Pick<Group, "samlGroups"> | undefined,
): Standing[] {
  const groupIds = connection.groupIds.filter((id) => groupOf(id)?.samlGroups.some((value) => samlGroups.has(value)));
  const given = connection.roles.filter(({ samlGroup }) => samlGroups.has(samlGroup));
  return BY_POWER.flatMap((role): Standing[] => {
    if (role === "consumer") return groupIds.length === 0 ? [] : [{ role, groupIds }];
    const mappings = given.filter((mapping) => mapping.role === role);
    if (mappings.length === 0) return [];
    // One mapping without a limit outweighs those with one.
    const unlimited = role !== "provider" || mappings.some(({ apiIds }) => apiIds === undefined);
    return [unlimited ? { role } : { role, apiIds: [...new Set(mappings.flatMap(({ apiIds }) => apiIds ?? []))] }];
  });
}

/** The standing to act in: the one that was chosen, while the person has it, else the least powerful. */
export const actingAs = (standings: readonly Standing[], chosen: Role | undefined): Standing | undefined =>
  standings.find(({ role }) => role === chosen) ?? standings[0];
