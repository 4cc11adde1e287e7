/**
 * Maps what an identity provider says about a person to roles here. It is pure, and each request asks it again, so that
 * a change takes effect at once.
 */
import type { Group, Role } from "../../store/model.js";
import type { SamlConnection } from "../../store/collections/saml-connections.js";

/** One role that a person may act in, and its limits as an actor has them. */
export interface Standing {
  role: Role;
  /** The groups that a consumer is a member of. */
  groupIds?: readonly string[];
  /** The apis that a provider is limited to. All when absent. */
  apiIds?: readonly string[];
}

/** The least powerful role comes first. A person with several roles starts in the one that can do the least harm. */
const BY_POWER: readonly Role[] = ["consumer", "auditor", "operator", "provider", "admin"];

/**
 * The roles that the person may have, the least powerful first. Empty when there are none. Only a connection that lists
 * a group gives that group. Only the connection's own table gives a privileged role. So what one company's identity
 * provider says never counts for another company.
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

/** The role to act in: the chosen one while the person has it, otherwise the least powerful one. */
export const actingAs = (standings: readonly Standing[], chosen: Role | undefined): Standing | undefined =>
  standings.find(({ role }) => role === chosen) ?? standings[0];
