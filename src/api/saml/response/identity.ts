/**
 * Who the signed assertion names, and what it says of them. Everything is read from the bytes that the signature
 * covers.
 */
import { z } from "zod";
import type { SamlConnection } from "../../../store/collections/saml-connections.js";
import { authnContextOf, instantOf } from "./assertion.js";
import { ASSERTION } from "./response.js";
import { attributeOf, childrenOf, onlyChild, textOf } from "../xml.js";

/**
 * A person as the identity provider describes them. The connection and the NameID together identify the person. The
 * e-mail address is only for display.
 */
export interface SamlIdentity {
  nameId: string;
  nameIdFormat?: string;
  /** The qualifiers of the NameID. The identity provider wants them back at a log-out. */
  nameQualifier?: string;
  spNameQualifier?: string;
  /** The attributes that name a person, an address or groups. Others are not read. */
  attributes: ReadonlyMap<string, readonly string[]>;
  /** The identity provider sent a link instead of the groups, because they are too many. */
  groupsOverage?: true;
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

export type ReadIdentity =
  { ok: true; identity: SamlIdentity } | { ok: false; code: "name_id_refused" | "attributes_refused" };

/** Names under which products send a person's groups, the commonest first. The first one that is present counts. */
const GROUPS_ATTRIBUTES = [
  "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups",
  "groups",
  "memberOf",
  "http://schemas.xmlsoap.org/claims/Group",
  "urn:oid:1.3.6.1.4.1.5923.1.5.1.1",
  "isMemberOf",
  "http://schemas.microsoft.com/ws/2008/06/identity/claims/role",
  "Role",
  "roles",
  "group",
];
const NAME_ATTRIBUTES = [
  "displayName",
  "http://schemas.microsoft.com/identity/claims/displayname",
  "urn:oid:2.16.840.1.113730.3.1.241",
  "name",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name",
  "cn",
  "urn:oid:2.5.4.3",
];
const EMAIL_ATTRIBUTES = [
  "email",
  "mail",
  "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
  "urn:oid:0.9.2342.19200300.100.1.3",
  "urn:oid:1.2.840.113549.1.9.1",
];
const EMAIL_FORMAT = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

/**
 * Attributes with these names have overwritten properties of libraries or of the language. No identity provider needs
 * them.
 */
const RESERVED = new Set([
  ...Object.getOwnPropertyNames(Object.prototype),
  "prototype",
  "nameID",
  "nameIDFormat",
  "nameQualifier",
  "spNameQualifier",
  "inResponseTo",
  "sessionIndex",
  "getAssertion",
  "getAssertionXml",
  "getSamlResponseXml",
]);

/** Entra ID names this one when a person is in more than 150 groups. */
const GROUPS_LINK = "http://schemas.microsoft.com/claims/groups.link";

const groupsSchema = z.array(z.string().max(4_096)).max(2_000);

/** An entity id has at most so many characters (core, 8.3.6). */
const MAX_QUALIFIER = 1_024;
type NameId = Pick<SamlIdentity, "nameId" | "nameIdFormat" | "nameQualifier" | "spNameQualifier">;

/** Without control characters, so that it stays one line wherever it is shown. */
const PLAIN = /^[^\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]+$/u;

/** A name of characters that have no picture would be shown as nothing, and nobody could give or take its roles. */
const VISIBLE = /[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

/** What the connection says of how a person is read. */
export type IdentityOptions = Pick<SamlConnection, "groupsAttribute" | "authnContextClassRefs">;

/** Reads the person out of a verified assertion. */
export function readIdentity(assertion: Element, options: IdentityOptions): ReadIdentity {
  const named = readNameId(assertion);
  if (!named) return { ok: false, code: "name_id_refused" };
  const attributes = readAttributes(assertion, options);
  const groups = attributes && groupsOf(attributes, options);
  if (!groups) return { ok: false, code: "attributes_refused" };
  const displayName = displayed(attributes, NAME_ATTRIBUTES);
  const email =
    displayed(attributes, EMAIL_ATTRIBUTES) ?? (named.nameIdFormat === EMAIL_FORMAT ? named.nameId : undefined);
  return {
    ok: true,
    identity: {
      ...named,
      attributes,
      ...sessionOf(assertion, options),
      assertionId: attributeOf(assertion, "ID") ?? "",
      groups,
      ...(attributes.has(GROUPS_LINK) && { groupsOverage: true }),
      ...(displayName !== undefined && { displayName }),
      ...(email !== undefined && { email }),
    },
  };
}

function readNameId(assertion: Element): NameId | undefined {
  const subject = onlyChild(assertion, ASSERTION, "Subject");
  return subject && nameIdIn(subject);
}

/** The one NameID in the element, with its qualifiers. */
export function nameIdIn(parent: Element): NameId | undefined {
  const element = onlyChild(parent, ASSERTION, "NameID");
  const nameId = element && textOf(element);
  // The name is not trimmed. Otherwise two names that differ in a blank would become one person.
  if (nameId === undefined || nameId !== nameId.trim() || nameId.length > 256) return undefined;
  if (!PLAIN.test(nameId) || !VISIBLE.test(nameId)) return undefined;
  const qualifier = (name: string) => {
    const value = element && attributeOf(element, name);
    return value !== undefined && value.length <= MAX_QUALIFIER && PLAIN.test(value) ? value : undefined;
  };
  const [nameIdFormat, nameQualifier, spNameQualifier] = [
    qualifier("Format"),
    qualifier("NameQualifier"),
    qualifier("SPNameQualifier"),
  ];
  return {
    nameId,
    ...(nameIdFormat !== undefined && { nameIdFormat }),
    ...(nameQualifier !== undefined && { nameQualifier }),
    ...(spNameQualifier !== undefined && { spNameQualifier }),
  };
}

/**
 * Values of the same name are joined, because Keycloak writes groups so. Values that are not text (nested elements) are
 * left out. Unused attributes are left out too, because a photograph may be as large as the document. Undefined when an
 * attribute has a reserved name.
 */
function readAttributes(
  assertion: Element,
  { groupsAttribute }: IdentityOptions,
): Map<string, readonly string[]> | undefined {
  const elements = childrenOf(assertion, ASSERTION, "AttributeStatement").flatMap((statement) =>
    childrenOf(statement, ASSERTION, "Attribute"),
  );
  const used = new Set([
    ...(groupsAttribute === undefined ? GROUPS_ATTRIBUTES : [groupsAttribute]),
    ...NAME_ATTRIBUTES,
    ...EMAIL_ATTRIBUTES,
    GROUPS_LINK,
  ]);
  const attributes = new Map<string, string[]>();
  for (const element of elements) {
    const name = attributeOf(element, "Name") ?? "";
    if (name === "" || RESERVED.has(name)) return undefined;
    if (!used.has(name)) continue;
    const values = childrenOf(element, ASSERTION, "AttributeValue").flatMap((value) => textOf(value)?.trim() ?? []);
    attributes.set(name, [...(attributes.get(name) ?? []), ...values]);
  }
  return attributes;
}

/** Undefined when there are too many or when one is too long. A shortened name could give another role. */
function groupsOf(
  attributes: ReadonlyMap<string, readonly string[]>,
  { groupsAttribute }: IdentityOptions,
): readonly string[] | undefined {
  const name = groupsAttribute ?? GROUPS_ATTRIBUTES.find((each) => attributes.has(each));
  const checked = groupsSchema.safeParse(name === undefined ? [] : (attributes.get(name) ?? []));
  return checked.success ? [...new Set(checked.data)].filter((group) => group !== "") : undefined;
}

function displayed(attributes: ReadonlyMap<string, readonly string[]>, names: readonly string[]): string | undefined {
  return names.flatMap((name) => attributes.get(name) ?? []).find((value) => value.length <= 256 && PLAIN.test(value));
}

/**
 * Of several statements the session ends with the first that ends, and the class that the connection requires is the
 * one that counts.
 */
function sessionOf(
  assertion: Element,
  { authnContextClassRefs = [] }: IdentityOptions,
): Pick<SamlIdentity, "sessionIndex" | "sessionNotOnOrAfter" | "authnContextClassRef"> {
  const statements = childrenOf(assertion, ASSERTION, "AuthnStatement");
  const sessionIndex = statements.flatMap((each) => attributeOf(each, "SessionIndex") ?? [])[0]?.slice(0, 256);
  const ends = Math.min(...statements.flatMap((each) => instantOf(each, "SessionNotOnOrAfter") ?? []));
  const classRefs = statements.flatMap((each) => authnContextOf(each) ?? []);
  const authnContextClassRef = (classRefs.find((each) => authnContextClassRefs.includes(each)) ?? classRefs[0])?.slice(
    0,
    256,
  );
  return {
    ...(sessionIndex !== undefined && { sessionIndex }),
    ...(Number.isFinite(ends) && { sessionNotOnOrAfter: new Date(ends) }),
    ...(authnContextClassRef !== undefined && { authnContextClassRef }),
  };
}
