/**
 * What a SAML assertion must say before anybody is logged in by it (SAML 2.0 profiles, 4.1.4.2 and 4.1.4.3; core, 2).
 */
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
  /** The request that the response answers; absent: nobody asked, which the connection allows. */
  requestId?: string;
  /** One of these, when there are any. */
  authnContextClassRefs: readonly string[];
  /**
   * The response is signed itself: it must say to whom it is (bindings, 3.5.5.2), and from whom (profiles, 4.1.4.2).
   */
  responseSigned: boolean;
  /** Its assertion was encrypted: it must say from whom it is (profiles, 4.1.4.2). */
  encrypted: boolean;
  now: number;
  /** Clocks may differ by this much, milliseconds. */
  skewMs: number;
}

/** Clocks may differ by this much where neither the connection nor the service says otherwise. */
export const CLOCK_SKEW_MS = 60_000;
/** An assertion older than this is refused, whatever it says of itself. */
export const MAX_ASSERTION_AGE_MS = 5 * 60_000;

const BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const KNOWN_CONDITIONS = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];

/**
 * Which request the response says it answers; undefined when it says none and every bearer's confirmation in the
 * assertion does.
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

/** What is wrong with the assertion, but for whom it names. */
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

/** Whom the element says it is from; undefined when it does not say so once. */
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

/** One bearer's confirmation that holds is enough (profiles, 4.1.4.3); each is held against all that is asked of it. */
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
 * There may be several statements. A class that is required stands in one of them, and the session is over with the
 * first that ends.
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
 * An instant, milliseconds; undefined when the attribute is absent, NaN when it is none. A time without a zone is none
 * (core, 1.3.3).
 */
export function instantOf(element: Element, name: string): number | undefined {
  const value = attributeOf(element, name);
  return value === undefined ? undefined : parseInstant(value);
}
