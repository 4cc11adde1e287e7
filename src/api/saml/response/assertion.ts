/** What a SAML assertion must say before it logs anybody in (SAML 2.0 profiles, 4.1.4.2 and 4.1.4.3, and core, 2). */
import { parseInstant } from "./instant.js";
import type { SamlRefusal } from "../refusals.js";
import { ASSERTION } from "../namespaces.js";
import { isSuccess } from "./status.js";
import { attributeOf, childrenOf, onlyChild, textOf } from "../xml.js";

/** What this service expects of a response. */
export interface Expectation {
  /** Entity id of the identity provider. */
  issuer: string;
  acsUrl: string;
  audience: string;
  /** The request that the response answers. Absent when there was no request, which the connection allows. */
  requestId?: string;
  /** One of these, when there are any. */
  authnContextClassRefs: readonly string[];
  /**
   * The response itself is signed. Then it must say whom it is for (bindings, 3.5.5.2) and whom it is from (profiles,
   * 4.1.4.2).
   */
  responseSigned: boolean;
  /** Its assertion was encrypted. Then it must say whom it is from (profiles, 4.1.4.2). */
  encrypted: boolean;
  now: number;
  /** Clocks may differ by this much, milliseconds. */
  skewMs: number;
}

/** Clocks may differ by this much where neither the connection nor the service says otherwise. */
export const CLOCK_SKEW_MS = 60_000;
/** An assertion older than this is refused, whatever validity it claims. */
export const MAX_ASSERTION_AGE_MS = 5 * 60_000;

const BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const KNOWN_CONDITIONS = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];

/**
 * The request that the response says it answers. Undefined when it names none and every bearer confirmation in the
 * assertion names one.
 */
export function answeredRequest(response: Element, assertion: Element): { requestId?: string } | undefined {
  const requestId = attributeOf(response, "InResponseTo");
  if (requestId !== undefined) return { requestId };
  const bearers = bearersOf(assertion);
  const answer = (confirmation: Element) =>
    childrenOf(confirmation, ASSERTION, "SubjectConfirmationData").some((data) => data.hasAttribute("InResponseTo"));
  return bearers.length > 0 && bearers.every(answer) ? undefined : {};
}

/** What is wrong with the response around the assertion. */
export function responseFault(response: Element, expected: Expectation): SamlRefusal | undefined {
  const { acsUrl, issuer, requestId, responseSigned, encrypted } = expected;
  if (attributeOf(response, "Version") !== "2.0") return "structure_refused";
  const destination = attributeOf(response, "Destination");
  if (destination === undefined ? responseSigned : destination !== acsUrl) return "destination_mismatch";
  const isNamed = childrenOf(response, ASSERTION, "Issuer").length > 0;
  if ((isNamed || responseSigned || encrypted) && issuerOf(response) !== issuer) return "issuer_mismatch";
  if (!isSuccess(response)) return "status_not_success";
  return attributeOf(response, "InResponseTo") === requestId ? undefined : "request_unknown";
}

/** What is wrong with the assertion, apart from the person in it. */
export function assertionFault(assertion: Element, expected: Expectation): SamlRefusal | undefined {
  if (attributeOf(assertion, "Version") !== "2.0" || (attributeOf(assertion, "ID") ?? "") === "")
    return "structure_refused";
  if (issuerOf(assertion) !== expected.issuer) return "issuer_mismatch";
  return (
    ageFault(assertion, expected) ??
    conditionsFault(assertion, expected) ??
    confirmationFault(assertion, expected) ??
    authnFault(assertion, expected)
  );
}

/** The issuer that the element names. Undefined when it does not name exactly one. */
export function issuerOf(element: Element): string | undefined {
  const issuer = onlyChild(element, ASSERTION, "Issuer");
  return issuer && textOf(issuer)?.trim();
}

function ageFault(assertion: Element, { now, skewMs }: Expectation): SamlRefusal | undefined {
  const issued = instantOf(assertion, "IssueInstant");
  if (issued === undefined || Number.isNaN(issued)) return "structure_refused";
  if (issued > now + skewMs) return "not_yet_valid";
  return issued + MAX_ASSERTION_AGE_MS <= now - skewMs ? "expired" : undefined;
}

/**
 * They may do without an end, because the assertion's age and its confirmation have one. Every restriction must name
 * this service among its audiences.
 */
function conditionsFault(assertion: Element, expected: Expectation): SamlRefusal | undefined {
  const conditions = onlyChild(assertion, ASSERTION, "Conditions");
  if (!conditions) return "conditions_refused";
  if (
    childrenOf(conditions).some(
      (condition) => condition.namespaceURI !== ASSERTION || !KNOWN_CONDITIONS.includes(condition.localName),
    )
  )
    return "conditions_refused";
  const restrictions = childrenOf(conditions, ASSERTION, "AudienceRestriction");
  const meant = (restriction: Element) =>
    childrenOf(restriction, ASSERTION, "Audience").some((each) => textOf(each)?.trim() === expected.audience);
  if (restrictions.length === 0 || !restrictions.every(meant)) return "audience_mismatch";
  return timeFault(conditions, expected);
}

/** One valid bearer confirmation is enough (profiles, 4.1.4.3). Each one must meet all conditions by itself. */
function confirmationFault(assertion: Element, expected: Expectation): SamlRefusal | undefined {
  const faults = bearersOf(assertion).map((confirmation) => bearerFault(confirmation, expected));
  return faults.length === 0 ? "confirmation_refused" : faults.includes(undefined) ? undefined : faults[0];
}

function bearersOf(assertion: Element): Element[] {
  const subject = onlyChild(assertion, ASSERTION, "Subject");
  return subject
    ? childrenOf(subject, ASSERTION, "SubjectConfirmation").filter((each) => attributeOf(each, "Method") === BEARER)
    : [];
}

function bearerFault(confirmation: Element, expected: Expectation): SamlRefusal | undefined {
  const data = onlyChild(confirmation, ASSERTION, "SubjectConfirmationData");
  if (!data) return "confirmation_refused";
  const recipient = attributeOf(data, "Recipient");
  if (recipient === undefined || attributeOf(data, "NotOnOrAfter") === undefined) return "confirmation_refused";
  if (recipient !== expected.acsUrl) return "recipient_mismatch";
  if (attributeOf(data, "InResponseTo") !== expected.requestId) return "request_unknown";
  return timeFault(data, expected);
}

/**
 * There may be several statements. One of them must have the required class, and the session ends when the first of
 * them ends.
 */
function authnFault(assertion: Element, { authnContextClassRefs, now, skewMs }: Expectation): SamlRefusal | undefined {
  const statements = childrenOf(assertion, ASSERTION, "AuthnStatement");
  if (statements.length === 0) return "authn_statement_refused";
  const isRequired = (statement: Element) => authnContextClassRefs.includes(authnContextOf(statement) ?? "");
  if (authnContextClassRefs.length > 0 && !statements.some(isRequired)) return "authn_context_mismatch";
  const ends = statements.map((statement) => instantOf(statement, "SessionNotOnOrAfter") ?? Infinity);
  if (ends.some(Number.isNaN)) return "authn_statement_refused";
  return Math.min(...ends) > now - skewMs ? undefined : "session_expired";
}

/** How the person was authenticated, as the statement says. */
export function authnContextOf(statement: Element): string | undefined {
  const context = onlyChild(statement, ASSERTION, "AuthnContext");
  const classRef = context && onlyChild(context, ASSERTION, "AuthnContextClassRef");
  return classRef && textOf(classRef)?.trim();
}

/** NotBefore and NotOnOrAfter, where they are given. */
function timeFault(element: Element, { now, skewMs }: Expectation): SamlRefusal | undefined {
  const from = instantOf(element, "NotBefore");
  const until = instantOf(element, "NotOnOrAfter");
  if (from !== undefined && !(from <= now + skewMs)) return "not_yet_valid";
  return until === undefined || until > now - skewMs ? undefined : "expired";
}

/**
 * A time in milliseconds. Undefined when the attribute is absent, and NaN when its text is no valid time. A time
 * without a zone is not valid (core, 1.3.3).
 */
export function instantOf(element: Element, name: string): number | undefined {
  const value = attributeOf(element, name);
  return value === undefined ? undefined : parseInstant(value);
}
