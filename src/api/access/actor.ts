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
  /** Every role that the person has now, the present one among them; least powerful first. */
  roles: readonly Role[];
}

/** Whoever makes the request. */
export interface Actor {
  /** For the audit: `key:<id>`, `person:<id>` or `environment`. */
  name: string;
  /** Whoever has several roles acts in one of them at a time. */
  role: Role;
  /** The acts that a key is limited to, out of those of its role; absent: all of them. */
  scopes?: readonly string[];
  /** The groups it acts for; absent: all. */
  groupIds?: readonly string[];
  /** The apis it is limited to; absent: all. */
  apiIds?: readonly string[];
  /** Of a person who has logged in. */
  session?: PersonalSession;
}
