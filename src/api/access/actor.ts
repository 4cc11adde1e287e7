/** Who makes a request. */
import type { Role } from "../../store/model.js";
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import type { Session } from "../../store/collections/sessions.js";

/** What a session adds to its actor. */
export interface PersonalSession extends Pick<
  Session,
  "id" | "personId" | "startedAt" | "expiresAt" | "endsAt" | "identity"
> {
  connection: Pick<SamlConnection, "id" | "name">;
  /** Every role that the person has now, the present one included. The least powerful comes first. */
  roles: readonly Role[];
}

/** The one who makes the request. */
export interface Actor {
  /** The name in the audit: `key:<id>`, `person:<id>` or `environment`. */
  name: string;
  /** The present role. A person with several roles acts in one of them at a time. */
  role: Role;
  /** The acts that a key is limited to, out of those of its role. All of them when absent. */
  scopes?: readonly string[];
  /** The groups that it acts for. All when absent. */
  groupIds?: readonly string[];
  /** The apis that it is limited to. All when absent. */
  apiIds?: readonly string[];
  /** Of a person who has logged in. */
  session?: PersonalSession;
}
