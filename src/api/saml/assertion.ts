/** What a SAML assertion must say before anybody is logged in by it (SAML 2.0 profiles, 4.1.4.2 and 4.1.4.3; core, 2). */
import type { SamlRefusal } from "./refusals.js";
import { ASSERTION, PROTOCOL } from "./response.js";
import { attributeOf, childrenOf, onlyChild, textOf } from "./xml.js";

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
  now: number;
}

/** Clocks may differ by this much. */
export const CLOCK_SKEW_MS = 5_000;
/** An assertion older than this is refused, whatever it says of itself. */
export const MAX_ASSERTION_AGE_MS = 5 * 60_000;

const SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success";
const BEARER = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const KNOWN_CONDITIONS = ["AudienceRestriction", "OneTimeUse", "ProxyRestriction"];

/** Which request the response says it answers: the same on the response and in the assertion's confirmation, or on neither. */
export function answeredRequest(response: Element, assertion: Element): { requestId?: string } | undefined {
  const onResponse = attributeOf(response, "InResponseTo");
  const data = confirmationData(assertion);
  const onAssertion = data && attributeOf(data, "InResponseTo");
  if (onResponse !== onAssertion) return undefined;
  return onResponse === undefined ? {} : { requestId: onResponse };
}

/** What is wrong with the response around the assertion. */
export function responseFault(response: Element, expected: Expectation): SamlRefusal | undefined {
  if (attributeOf(response, "Version") !== "2.0") return "structure_refused";
  if (attributeOf(response, "Destination") !== expected.acsUrl) return "destination_mismatch";
  if (issuerOf(response) !== expected.issuer) return "issuer_mismatch";
  const status = onlyChild(response, PROTOCOL, "Status");
  const code = status && onlyChild(status, PROTOCOL, "StatusCode");
  if (!code || attributeOf(code, "Value") !== SUCCESS) return "status_not_success";
  return attributeOf(response, "InResponseTo") === expected.requestId ? undefined : "request_unknown";
}

/** What is wrong with the assertion, but for whom it names. */
export function assertionFault(assertion: Element, expected: Expectation): SamlRefusal | undefined {
  if (attributeOf(assertion, "Version") !== "2.0" || (attributeOf(assertion, "ID") ?? "") === "") return "structure_refused";
  if (issuerOf(assertion) !== expected.issuer) return "issuer_mismatch";
  return ageFault(assertion, expected.now) ?? conditionsFault(assertion, expected) ?? confirmationFault(assertion, expected) ?? authnFault(assertion, expected);
}

/** Whom the element says it is from. */
export function issuerOf(element: Element): string | undefined {
  const issuer = onlyChild(element, ASSERTION, "Issuer");
  return issuer && textOf(issuer)?.trim();
}

function ageFault(assertion: Element, now: number): SamlRefusal | undefined {
  const issued = instantOf(assertion, "IssueInstant");
  if (issued === undefined || Number.isNaN(issued)) return "structure_refused";
  if (issued > now + CLOCK_SKEW_MS) return "not_yet_valid";
  return issued + MAX_ASSERTION_AGE_MS <= now - CLOCK_SKEW_MS ? "expired" : undefined;
}

function conditionsFault(assertion: Element, { audience, now }: Expectation): SamlRefusal | undefined {
  const conditions = onlyChild(assertion, ASSERTION, "Conditions");
  // Without an end the library fails as soon as there is a NotBefore.
  if (!conditions || attributeOf(conditions, "NotOnOrAfter") === undefined) return "conditions_refused";
  if (childrenOf(conditions).some((condition) => condition.namespaceURI !== ASSERTION || !KNOWN_CONDITIONS.includes(condition.localName))) return "conditions_refused";
  const restrictions = childrenOf(conditions, ASSERTION, "AudienceRestriction");
  const meant = (restriction: Element) => childrenOf(restriction, ASSERTION, "Audience").some((each) => textOf(each)?.trim() === audience);
  if (restrictions.length === 0 || !restrictions.every(meant)) return "audience_mismatch";
  return timeFault(conditions, now);
}

/** Exactly one confirmation, a bearer's: with several, this code and the library could each believe another one. */
function confirmationFault(assertion: Element, { acsUrl, requestId, now }: Expectation): SamlRefusal | undefined {
  const data = confirmationData(assertion);
  if (!data) return "confirmation_refused";
  const recipient = attributeOf(data, "Recipient");
  if (recipient === undefined || attributeOf(data, "NotOnOrAfter") === undefined) return "confirmation_refused";
  if (recipient !== acsUrl) return "recipient_mismatch";
  if (attributeOf(data, "InResponseTo") !== requestId) return "request_unknown";
  return timeFault(data, now);
}

function confirmationData(assertion: Element): Element | undefined {
  const subject = onlyChild(assertion, ASSERTION, "Subject");
  const confirmation = subject && onlyChild(subject, ASSERTION, "SubjectConfirmation");
  if (!confirmation || attributeOf(confirmation, "Method") !== BEARER) return undefined;
  return onlyChild(confirmation, ASSERTION, "SubjectConfirmationData");
}

function authnFault(assertion: Element, { authnContextClassRefs, now }: Expectation): SamlRefusal | undefined {
  const statement = onlyChild(assertion, ASSERTION, "AuthnStatement");
  if (!statement) return "authn_statement_refused";
  const classRef = authnContextOf(statement);
  if (authnContextClassRefs.length > 0 && (classRef === undefined || !authnContextClassRefs.includes(classRef))) return "authn_context_mismatch";
  const sessionEnds = instantOf(statement, "SessionNotOnOrAfter");
  return sessionEnds === undefined || sessionEnds > now - CLOCK_SKEW_MS ? undefined : Number.isNaN(sessionEnds) ? "authn_statement_refused" : "session_expired";
}

/** How the person was authenticated, as the statement says. */
export function authnContextOf(statement: Element): string | undefined {
  const context = onlyChild(statement, ASSERTION, "AuthnContext");
  const classRef = context && onlyChild(context, ASSERTION, "AuthnContextClassRef");
  return classRef && textOf(classRef)?.trim();
}

/** NotBefore and NotOnOrAfter, where they are given. */
function timeFault(element: Element, now: number): SamlRefusal | undefined {
  const from = instantOf(element, "NotBefore");
  const until = instantOf(element, "NotOnOrAfter");
  if (from !== undefined && !(from <= now + CLOCK_SKEW_MS)) return "not_yet_valid";
  return until === undefined || until > now - CLOCK_SKEW_MS ? undefined : "expired";
}

const INSTANT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:\d{2})$/;

/** An instant, milliseconds; undefined when the attribute is absent, NaN when it is none. A time without a zone is none (core, 1.3.3). */
export function instantOf(element: Element, name: string): number | undefined {
  const value = attributeOf(element, name);
  if (value === undefined) return undefined;
  return INSTANT.test(value) ? Date.parse(value) : Number.NaN;
}
