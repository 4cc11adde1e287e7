/**
 * What an identity provider says became of a request (SAML 2.0 core, 3.2.2.2), in words for the person who reads it.
 */
import { PROTOCOL } from "../namespaces.js";
import { refused, type SamlRefused } from "../refusals.js";
import { attributeOf, childrenOf, onlyChild } from "../xml.js";

const PREFIX = "urn:oasis:names:tc:SAML:2.0:status:";

/** By the last part of the code. Nothing else of the response is repeated. */
const SENTENCES: Readonly<Record<string, string>> = {
  Requester: "The identity provider says that it cannot answer such a request.",
  Responder: "The identity provider could not answer the request.",
  VersionMismatch: "The identity provider does not speak SAML 2.0.",
  AuthnFailed: "The identity provider could not authenticate the person.",
  InvalidAttrNameOrValue: "The identity provider met an attribute that it does not know.",
  InvalidNameIDPolicy:
    "The identity provider has no name for the person in the form that is asked for. Set a NameID " +
    "for this application there.",
  NoAuthnContext:
    "The identity provider cannot authenticate people in the way that the connection asks for " +
    "(`authnContextClassRefs`).",
  NoAvailableIDP: "The identity provider could not reach the provider behind it.",
  NoPassive: "The identity provider would have had to ask the person, and did not.",
  NoSupportedIDP: "The identity provider supports none of the providers behind it.",
  PartialLogout: "The identity provider could not end all sessions.",
  ProxyCountExceeded: "The identity provider may not hand the request on so often.",
  RequestDenied: "The identity provider denied the log-in. Often the person is not assigned to this application there.",
  RequestUnsupported: "The identity provider does not support such a request.",
  RequestVersionDeprecated: "The identity provider does not speak this version of SAML.",
  RequestVersionTooHigh: "The identity provider does not speak this version of SAML.",
  RequestVersionTooLow: "The identity provider does not speak this version of SAML.",
  ResourceNotRecognized: "The identity provider does not know this service. Give it this service's metadata.",
  TooManyResponses: "The identity provider has more to answer than it can.",
  UnknownAttrProfile: "The identity provider met a kind of attributes that it does not know.",
  UnknownPrincipal: "The identity provider does not know the person.",
  UnsupportedBinding: "The identity provider does not support the HTTP-POST binding for its answer.",
};

function codeOf(parent: Element): Element | undefined {
  const status = parent.localName === "StatusCode" ? parent : onlyChild(parent, PROTOCOL, "Status");
  return status && onlyChild(status, PROTOCOL, "StatusCode");
}

/** True when the response says, once, that the request succeeded. */
export function isSuccess(response: Element): boolean {
  const code = codeOf(response);
  return code !== undefined && attributeOf(code, "Value") === `${PREFIX}Success`;
}

/**
 * The refusal for a response that reports a failure, with its second-level code. Undefined for any other response, also
 * for one without a status.
 */
export function failureOf(response: Element): SamlRefused | undefined {
  if (childrenOf(response, PROTOCOL, "Status").length === 0 || isSuccess(response)) return undefined;
  const top = codeOf(response);
  const names = [top, top && codeOf(top)].flatMap((code) => knownName(code) ?? []);
  const last = names.at(-1);
  if (last === undefined) return refused("status_not_success");
  return { ...refused("status_not_success", `${SENTENCES[last]} (${names.join("/")})`), status: names.join("/") };
}

function knownName(code: Element | undefined): string | undefined {
  const value = (code && attributeOf(code, "Value")) ?? "";
  const name = value.startsWith(PREFIX) ? value.slice(PREFIX.length) : "";
  return Object.hasOwn(SENTENCES, name) ? name : undefined;
}
