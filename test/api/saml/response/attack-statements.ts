/** The bad statements of the attack tests. Whoever makes them signs them well. */
import type { SamlRefusal } from "../../../../src/api/saml/service-provider.js";
import type { ResponseParts } from "../../../support/saml-idp.js";
import { connectionTo } from "../connection.js";
import type { Scene } from "./attack-vectors.js";

const from = (offsetMs: number) => new Date(Date.now() + offsetMs).toISOString();

/** Well signed, but it says what it may not: name, code of the refusal, parts of the response. */
export const badStatements = ({
  bench,
}: Pick<Scene, "bench">): [string, SamlRefusal, () => Partial<ResponseParts>][] => [
  ["another recipient", "recipient_mismatch", () => ({ recipient: "https://evil.example/acs" })],
  [
    "the recipient in other letters",
    "recipient_mismatch",
    () => ({ recipient: `https://HOOKS.example.com/saml/acs/${bench().connection.id}` }),
  ],
  [
    "the recipient of another connection",
    "recipient_mismatch",
    () => ({ recipient: `https://hooks.example.com/saml/acs/${connectionTo(bench().idp).id}` }),
  ],
  ["no recipient", "confirmation_refused", () => ({ recipient: null })],
  ["another destination", "destination_mismatch", () => ({ destination: "https://evil.example/acs" })],
  [
    "a longer destination",
    "destination_mismatch",
    () => ({ destination: `https://hooks.example.com/saml/acs/${bench().connection.id}/` }),
  ],
  ["no destination", "destination_mismatch", () => ({ destination: null })],
  ["an empty destination", "destination_mismatch", () => ({ destination: "" })],
  ["another issuer on the response", "issuer_mismatch", () => ({ issuer: "https://other.example" })],
  ["no issuer on the response", "issuer_mismatch", () => ({ issuer: null })],
  ["another issuer in the assertion", "issuer_mismatch", () => ({ assertionIssuer: "https://other.example" })],
  ["an issuer that begins the same", "issuer_mismatch", () => ({ assertionIssuer: `${bench().idp.entityId}/2` })],
  ["another audience", "audience_mismatch", () => ({ audience: "https://other.example" })],
  [
    "an audience that begins the same",
    "audience_mismatch",
    () => ({ audience: `https://hooks.example.com/saml/metadata/${bench().connection.id}x` }),
  ],
  ["no audience", "audience_mismatch", () => ({ audience: null })],
  [
    "a second audience restriction that does not fit",
    "audience_mismatch",
    () => ({ conditions: "<saml:AudienceRestriction><saml:Audience>urn:x</saml:Audience></saml:AudienceRestriction>" }),
  ],
  ["a condition that nobody knows", "conditions_refused", () => ({ conditions: '<x:Only xmlns:x="urn:x"/>' })],
  [
    "a failure that nobody knows",
    "status_not_success",
    () => ({ status: "urn:oasis:names:tc:SAML:2.0:status:constructor" }),
  ],
  ["a success that is none", "status_not_success", () => ({ status: "urn:oasis:names:tc:SAML:2.0:status:Success " })],
  [
    "an answer to another request",
    "request_unknown",
    () => ({ inResponseTo: "_other", confirmationInResponseTo: "_other" }),
  ],
  ["an answer to another request on the response", "request_unknown", () => ({ inResponseTo: "_other" })],
  ["an answer to another request in the assertion", "request_unknown", () => ({ confirmationInResponseTo: "_other" })],
  ["no request on the response", "request_unknown", () => ({ inResponseTo: null })],
  ["no request in the assertion", "request_unknown", () => ({ confirmationInResponseTo: null })],
  ["that nobody asked", "unsolicited", () => ({ inResponseTo: null, confirmationInResponseTo: null })],
  ["an empty request", "request_unknown", () => ({ inResponseTo: "", confirmationInResponseTo: "" })],
  ["a confirmation without end", "confirmation_refused", () => ({ confirmationNotOnOrAfter: null })],
  ["a confirmation that is over", "expired", () => ({ confirmationNotOnOrAfter: from(-61_000) })],
  ["a confirmation with an end that is no time", "expired", () => ({ confirmationNotOnOrAfter: "tomorrow" })],
  [
    "a confirmation of another kind",
    "confirmation_refused",
    () => ({ confirmationMethod: "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches" }),
  ],
  ["no confirmation, nor a request", "unsolicited", () => ({ confirmations: "", inResponseTo: null })],
  [
    "two confirmations of nothing",
    "confirmation_refused",
    () => ({ confirmations: '<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"/>'.repeat(2) }),
  ],
  [
    "two conditions",
    "conditions_refused",
    () => ({ inAssertion: `<saml:Conditions NotOnOrAfter="${from(60_000)}"/>` }),
  ],
  [
    "two subjects",
    "confirmation_refused",
    () => ({ inAssertion: "<saml:Subject><saml:NameID>admin</saml:NameID></saml:Subject>" }),
  ],
  ["two issuers", "issuer_mismatch", () => ({ inAssertion: `<saml:Issuer>${bench().idp.entityId}</saml:Issuer>` })],
  [
    "two issuers on the response",
    "issuer_mismatch",
    () => ({ inResponse: `<saml:Issuer>${bench().idp.entityId}</saml:Issuer>` }),
  ],
  [
    "two states",
    "status_not_success",
    () => ({
      inResponse: '<samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>',
    }),
  ],
  ["that it is over", "expired", () => ({ notOnOrAfter: from(-61_000) })],
  ["that it begins later", "not_yet_valid", () => ({ notBefore: from(90_000) })],
  ["that it is six minutes old", "expired", () => ({ issueInstant: from(-360_000) })],
  ["that it is from tomorrow", "not_yet_valid", () => ({ issueInstant: from(86_400_000) })],
  ["a time without zone", "structure_refused", () => ({ issueInstant: new Date().toISOString().slice(0, -1) })],
  ["30 February", "structure_refused", () => ({ issueInstant: `${new Date().getFullYear()}-02-30T00:00:00Z` })],
  ["a time in words", "not_yet_valid", () => ({ notBefore: "yesterday" })],
  ["an empty name", "name_id_refused", () => ({ nameId: "" })],
  ["no name", "name_id_refused", () => ({ nameId: null })],
  ["a name of blanks", "name_id_refused", () => ({ nameId: "   " })],
  ["a name with a blank at its end", "name_id_refused", () => ({ nameId: "person-1 " })],
  ["a name of 257 characters", "name_id_refused", () => ({ nameId: "x".repeat(257) })],
  ["a name with a control character", "name_id_refused", () => ({ nameId: "person&#10;-1" })],
  ["a name with a turned text", "name_id_refused", () => ({ nameId: "nosrep\u202e" })],
  ["a name with an element in it", "name_id_refused", () => ({ nameId: "person-1<x/>" })],
  ["two names", "name_id_refused", () => ({ nameId: "person-1</saml:NameID><saml:NameID>admin" })],
  ...[
    "__proto__",
    "constructor",
    "toString",
    "nameID",
    "nameIDFormat",
    "sessionIndex",
    "getAssertion",
    "getAssertionXml",
    "",
  ].map((name): [string, SamlRefusal, () => Partial<ResponseParts>] => [
    `an attribute called ${JSON.stringify(name)}`,
    "attributes_refused",
    () => ({ attributes: [[name, ["admin", "x"]]] }),
  ]),
  ["a group of 4,097 characters", "attributes_refused", () => ({ attributes: [["groups", ["y".repeat(4_097)]]] })],
  [
    "2,001 groups",
    "attributes_refused",
    () => ({ attributes: [["groups", Array.from({ length: 2_001 }, (_each, index) => `g${index}`)]] }),
  ],
  ["no log-in", "authn_statement_refused", () => ({ authnStatements: "" })],
  ["a session that is over", "session_expired", () => ({ sessionNotOnOrAfter: from(-61_000) })],
  ["a session with an end that is no time", "authn_statement_refused", () => ({ sessionNotOnOrAfter: "never" })],
  ["version 1.1", "structure_refused", () => ({ version: "1.1" })],
  ["an id that is none", "structure_refused", () => ({ assertionId: "1'x" })],
  ["one id twice", "structure_refused", () => ({ assertionId: "_same", responseId: "_same" })],
  [
    "one id twice, spelt otherwise",
    "structure_refused",
    () => ({ assertionId: "_same", inAssertion: '<x xmlns="urn:x" xmlns:y="urn:y" y:Id="_same"/>' }),
  ],
  ["a second assertion", "structure_refused", () => ({ inResponse: '<saml:Assertion ID="_second" Version="2.0"/>' })],
  [
    "a second assertion of another vocabulary",
    "structure_refused",
    () => ({ inResponse: '<Assertion xmlns="urn:x"/>' }),
  ],
  [
    "a second assertion inside the first",
    "structure_refused",
    () => ({ inAssertion: '<saml:Advice><saml:Assertion ID="_second"/></saml:Advice>' }),
  ],
  ["a response inside", "structure_refused", () => ({ inResponse: "<samlp:Response/>" })],
  [
    "an encrypted assertion beside",
    "encrypted_refused",
    () => ({
      inResponse:
        "<saml:EncryptedAssertion><xenc:EncryptedData " +
        'xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"/></saml:EncryptedAssertion>',
    }),
  ],
  ["an encrypted name", "encrypted_refused", () => ({ nameId: null, confirmations: "<saml:EncryptedID/>" })],
  ["elements nested 100 deep", "response_too_complex", () => ({ inAssertion: "<x>".repeat(100) + "</x>".repeat(100) })],
  ["5,000 elements", "response_too_complex", () => ({ inAssertion: "<x/>".repeat(5_000) })],
];
