/** Who the signed assertion names, and what it says of them. Everything is read from the bytes that the signature covers. */
import { z } from "zod";
import { authnContextOf, instantOf } from "./assertion.js";
import { ASSERTION } from "./response.js";
import { attributeOf, childrenOf, onlyChild, textOf } from "./xml.js";

/** A person as the identity provider describes them. Who it is, is (connection, NameID); the e-mail address is for display only. */
export interface SamlIdentity {
  nameId: string;
  nameIdFormat?: string;
  /** What the identity provider's own name for the person is qualified by; it wants them back at a log-out. */
  nameQualifier?: string;
  spNameQualifier?: string;
  attributes: ReadonlyMap<string, readonly string[]>;
  /** Values of the groups attribute. */
  groups: readonly string[];
  displayName?: string;
  email?: string;
  sessionIndex?: string;
  /** The session here may last no longer. */
  sessionNotOnOrAfter?: Date;
  authnContextClassRef?: string;
  assertionId: string;
}

export type ReadIdentity = { ok: true; identity: SamlIdentity } | { ok: false; code: "name_id_refused" | "attributes_refused" };

/** Names that hold a person's groups in the wild, the commonest first; the first one that is there counts. */
const GROUPS_ATTRIBUTES = [
  "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups", "groups", "memberOf", "http://schemas.xmlsoap.org/claims/Group",
  "urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "isMemberOf", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role", "Role", "roles", "group",
];
const NAME_ATTRIBUTES = [
  "displayName", "http://schemas.microsoft.com/identity/claims/displayname", "urn:oid:2.16.840.1.113730.3.1.241", "name",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name", "cn", "urn:oid:2.5.4.3",
];
const EMAIL_ATTRIBUTES = [
  "email", "mail", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "urn:oid:0.9.2342.19200300.100.1.3", "urn:oid:1.2.840.113549.1.9.1",
];
const EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/** Attributes of these names have shadowed what a library or a language keeps there; no identity provider needs them. */
const RESERVED = new Set([
  ...Object.getOwnPropertyNames(Object.prototype), "prototype", "nameID", "nameIDFormat", "nameQualifier", "spNameQualifier", "inResponseTo", "sessionIndex",
  "getAssertion", "getAssertionXml", "getSamlResponseXml",
]);

const MAX_ATTRIBUTES = 200;
const MAX_VALUES = 2_000;
const attributeSchema = z.object({
  name: z.string().min(1).max(256).refine((name) => !RESERVED.has(name)),
  values: z.array(z.string().max(4_096)).max(MAX_VALUES),
});

/** An entity id has at most so many characters (core, 8.3.6). */
const MAX_QUALIFIER = 1_024;
type NameId = Pick<SamlIdentity, "nameId" | "nameIdFormat" | "nameQualifier" | "spNameQualifier">;

/** Without control characters, so that it stays one line wherever it is shown. */
const PLAIN = /^[^\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]+$/u;

/** Reads the person out of a verified assertion. */
export function readIdentity(assertion: Element, { groupsAttribute }: { groupsAttribute?: string }): ReadIdentity {
  const named = readNameId(assertion);
  if (!named) return { ok: false, code: "name_id_refused" };
  const attributes = readAttributes(assertion);
  if (!attributes) return { ok: false, code: "attributes_refused" };
  const displayName = displayed(attributes, NAME_ATTRIBUTES);
  const email = displayed(attributes, EMAIL_ATTRIBUTES) ?? (named.nameIdFormat === EMAIL_FORMAT ? named.nameId : undefined);
  return {
    ok: true,
    identity: {
      ...named, attributes, ...sessionOf(assertion), assertionId: attributeOf(assertion, "ID") ?? "",
      groups: groupsOf(attributes, groupsAttribute),
      ...(displayName !== undefined && { displayName }), ...(email !== undefined && { email }),
    },
  };
}

function readNameId(assertion: Element): NameId | undefined {
  const subject = onlyChild(assertion, ASSERTION, "Subject");
  return subject && nameIdIn(subject);
}

/** The one NameID that stands in the element, with what qualifies it. */
export function nameIdIn(parent: Element): NameId | undefined {
  const element = onlyChild(parent, ASSERTION, "NameID");
  const nameId = element && textOf(element);
  // Not trimmed: two names that differ in a blank would become one person.
  if (nameId === undefined || nameId !== nameId.trim() || nameId.length > 256 || !PLAIN.test(nameId)) return undefined;
  const qualifier = (name: string) => {
    const value = element && attributeOf(element, name);
    return value !== undefined && value.length <= MAX_QUALIFIER && PLAIN.test(value) ? value : undefined;
  };
  const [nameIdFormat, nameQualifier, spNameQualifier] = [qualifier("Format"), qualifier("NameQualifier"), qualifier("SPNameQualifier")];
  return { nameId, ...(nameIdFormat !== undefined && { nameIdFormat }), ...(nameQualifier !== undefined && { nameQualifier }), ...(spNameQualifier !== undefined && { spNameQualifier }) };
}

/** Values of the same name are joined, as Keycloak writes groups. Values that are not text (nested elements) are left out. */
function readAttributes(assertion: Element): Map<string, readonly string[]> | undefined {
  const elements = childrenOf(assertion, ASSERTION, "AttributeStatement").flatMap((statement) => childrenOf(statement, ASSERTION, "Attribute"));
  const attributes = new Map<string, string[]>();
  let count = 0;
  for (const element of elements) {
    const values = childrenOf(element, ASSERTION, "AttributeValue").flatMap((value) => textOf(value)?.trim() ?? []);
    const checked = attributeSchema.safeParse({ name: attributeOf(element, "Name") ?? "", values });
    if (!checked.success || (count += values.length) > MAX_VALUES) return undefined;
    attributes.set(checked.data.name, [...(attributes.get(checked.data.name) ?? []), ...checked.data.values]);
  }
  return attributes.size > MAX_ATTRIBUTES ? undefined : attributes;
}

function groupsOf(attributes: ReadonlyMap<string, readonly string[]>, groupsAttribute: string | undefined): readonly string[] {
  const name = groupsAttribute ?? GROUPS_ATTRIBUTES.find((each) => attributes.has(each));
  return [...new Set(name === undefined ? [] : attributes.get(name))].filter((group) => group !== "");
}

function displayed(attributes: ReadonlyMap<string, readonly string[]>, names: readonly string[]): string | undefined {
  return names.flatMap((name) => attributes.get(name) ?? []).find((value) => value.length <= 256 && PLAIN.test(value));
}

function sessionOf(assertion: Element): Pick<SamlIdentity, "sessionIndex" | "sessionNotOnOrAfter" | "authnContextClassRef"> {
  const statement = onlyChild(assertion, ASSERTION, "AuthnStatement");
  if (!statement) return {};
  const sessionIndex = attributeOf(statement, "SessionIndex")?.slice(0, 256);
  const ends = instantOf(statement, "SessionNotOnOrAfter");
  const authnContextClassRef = authnContextOf(statement)?.slice(0, 256);
  return {
    ...(sessionIndex !== undefined && { sessionIndex }), ...(ends !== undefined && { sessionNotOnOrAfter: new Date(ends) }),
    ...(authnContextClassRef !== undefined && { authnContextClassRef }),
  };
}
