/**
 * The bad responses of the attack tests, as changes of one that is accepted. Both the plain and the encrypted form are
 * tried with each of them.
 */
import type { SamlRefusal } from "../../../../src/api/saml/service-provider.js";
import type { SamlKey, SigningOptions } from "../../../support/saml-idp.js";
import { type Bench } from "../connection.js";

/** What the vectors are made for. It is there only when the tests run. */
export interface Scene {
  bench: () => Bench;
  /** A key that the connection does not know. */
  attacker: () => SamlKey;
}

/** Signed by nobody, by somebody else, or by an algorithm that is not allowed. */
export const badSignatures = ({
  bench,
  attacker,
}: Scene): [string, SamlRefusal, () => Partial<SigningOptions> & { what?: ("Assertion" | "Response")[] }][] => [
  ["unsigned", "signature_missing", () => ({ what: [] })],
  ["only the response signed", "signature_missing", () => ({ what: ["Response"] })],
  ["only the assertion signed", "signature_missing", () => ({ what: ["Assertion"] })],
  ["another key", "signature_invalid", () => ({ key: attacker().key })],
  [
    "another key, with its own certificate sent along",
    "signature_invalid",
    () => ({ key: attacker().key, cert: attacker().cert }),
  ],
  [
    "another key, and the right certificate sent along",
    "signature_invalid",
    () => ({ key: attacker().key, cert: bench().idp.key.cert }),
  ],
  [
    "the certificate as the key of an HMAC",
    "algorithm_refused",
    () => ({ key: bench().idp.key.cert, signatureAlgorithm: "http://www.w3.org/2000/09/xmldsig#hmac-sha1" }),
  ],
  ["RSA with SHA-1", "algorithm_refused", () => ({ signatureAlgorithm: "http://www.w3.org/2000/09/xmldsig#rsa-sha1" })],
  ["a SHA-1 digest", "algorithm_refused", () => ({ digestAlgorithm: "http://www.w3.org/2000/09/xmldsig#sha1" })],
  [
    "inclusive canonicalization",
    "algorithm_refused",
    () => ({ canonicalization: "http://www.w3.org/TR/2001/REC-xml-c14n-20010315" }),
  ],
  [
    "canonicalization that keeps comments",
    "algorithm_refused",
    () => ({ canonicalization: "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" }),
  ],
  [
    "transforms that keep comments",
    "algorithm_refused",
    () => ({
      transforms: [
        "http://www.w3.org/2000/09/xmldsig#enveloped-signature",
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
      ],
    }),
  ],
  [
    "no enveloped-signature transform",
    "algorithm_refused",
    () => ({ transforms: ["http://www.w3.org/2001/10/xml-exc-c14n#"] }),
  ],
];

/** Changes of the text after it was signed. */
export const CHANGES_AFTER_SIGNING: readonly [string, (xml: string) => string, SamlRefusal][] = [
  ["the name", (xml) => xml.replace(">person-1<", ">admin<"), "signature_invalid"],
  ["a group", (xml) => xml.replace(">staff<", ">admins<"), "signature_invalid"],
  [
    "the response's issuer, as it was",
    (xml) => xml.replace("<saml:Issuer>", "<saml:Issuer >").replace("</saml:Issuer>", " </saml:Issuer>"),
    "signature_invalid",
  ],
  [
    "a request that is answered",
    (xml) => xml.replace(/ IssueInstant="/, ' Consent="urn:x" IssueInstant="'),
    "signature_invalid",
  ],
  ["the digest", (xml) => xml.replace(/(<ds:DigestValue>)../, "$1AA"), "signature_invalid"],
  ["the signature's value", (xml) => xml.replace(/(<ds:SignatureValue>)[^<]*/, "$1"), "signature_invalid"],
  ["a second SignedInfo", (xml) => xml.replace(/<ds:SignedInfo>.*?<\/ds:SignedInfo>/, "$&$&"), "structure_refused"],
  ["a second reference", (xml) => xml.replace(/<ds:Reference.*?<\/ds:Reference>/, "$&$&"), "structure_refused"],
  ["a reference to nothing", (xml) => xml.replace(/(<ds:Reference URI=")[^"]*/, "$1"), "structure_refused"],
  [
    "a reference to another element",
    (xml) => xml.replace(/(<ds:Reference URI=")[^"]*/, "$1#_other"),
    "structure_refused",
  ],
  [
    "a reference by XPointer",
    (xml) => xml.replace(/<ds:Reference URI="#([^"]*)"/, `<ds:Reference URI="#xpointer(id('$1'))"`),
    "structure_refused",
  ],
  [
    "an object in the signature",
    (xml) => xml.replace("</ds:Signature>", "<ds:Object/></ds:Signature>"),
    "structure_refused",
  ],
  [
    "an XSLT transform",
    (xml) => xml.replace(/(<ds:Transform Algorithm=")[^"]*/, "$1http://www.w3.org/TR/1999/REC-xslt-19991116"),
    "algorithm_refused",
  ],
  [
    "the signature's vocabulary",
    (xml) => xml.replaceAll('http://www.w3.org/2000/09/xmldsig#"', 'urn:x"'),
    "signature_missing",
  ],
  [
    "a signature somewhere else",
    (xml) =>
      xml.replace("</samlp:Status>", '<ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/></samlp:Status>'),
    "structure_refused",
  ],
];

/** Texts that no parser should see. */
export const BAD_MARKUP: readonly [string, (xml: string) => string, SamlRefusal][] = [
  ["a bare document type", (xml) => `<!DOCTYPE samlp:Response>${xml}`, "markup_refused"],
  [
    "an external entity",
    (xml) => `<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>${xml.replace(">person-1<", ">&e;<")}`,
    "markup_refused",
  ],
  [
    "entities that grow",
    (xml) =>
      `<!DOCTYPE x [<!ENTITY a "${"x".repeat(1_000)}"><!ENTITY b "${"&a;".repeat(1_000)}">]>` +
      xml.replace(">person-1<", ">&b;<"),
    "markup_refused",
  ],
  ["an entity from nowhere", (xml) => xml.replace(">person-1<", ">person-1&nbsp;<"), "markup_refused"],
  ["a comment in the name", (xml) => xml.replace(">person-1<", ">person-<!-- -->1<"), "markup_refused"],
  ["a comment anywhere", (xml) => xml.replace("<samlp:Status>", "<!-- --><samlp:Status>"), "markup_refused"],
  ["CDATA", (xml) => xml.replace(">person-1<", "><![CDATA[person-1]]><"), "markup_refused"],
  ["a processing instruction", (xml) => xml.replace("<samlp:Status>", "<?x y?><samlp:Status>"), "markup_refused"],
  ["another encoding", (xml) => `<?xml version="1.0" encoding="UTF-16"?>${xml}`, "markup_refused"],
  [
    "a reference to a character that may not be",
    (xml) => xml.replace(">person-1<", ">person-1&#0;<"),
    "markup_refused",
  ],
  ["a NUL", (xml) => xml.replace(">person-1<", ">person-1\0<"), "response_unreadable"],
  ["a tag that does not end", (xml) => xml.slice(0, -1), "response_unreadable"],
  ["a tag that nobody opened", (xml) => `${xml}</x>`, "response_unreadable"],
  ["a second root", (xml) => `${xml}<x/>`, "response_unreadable"],
  ["text after the root", (xml) => `${xml}x`, "response_unreadable"],
  ["an attribute twice", (xml) => xml.replace(' Version="2.0"', ' Version="2.0" Version="2.0"'), "response_unreadable"],
  ["an attribute without quotes", (xml) => xml.replace(' Version="2.0"', " Version=2.0"), "response_unreadable"],
  ["80,000 open elements", () => "<a>".repeat(60_000), "response_too_complex"],
  ["only an assertion", (xml) => /<saml:Assertion.*<\/saml:Assertion>/.exec(xml)?.[0] ?? "", "structure_refused"],
  [
    "a request to log out",
    () => '<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_x" Version="2.0"/>',
    "structure_refused",
  ],
  [
    "a log-out answered",
    () => '<samlp:LogoutResponse xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_x" Version="2.0"/>',
    "structure_refused",
  ],
  ["text", () => "no XML", "response_unreadable"],
];
