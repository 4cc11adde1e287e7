/**
 * Why a SAML response is refused. One table maps each code to its sentence. No sentence repeats anything from the
 * response.
 */
export const SAML_REFUSALS = {
  connection_disabled: "The connection is disabled.",
  certificate_expired: "No certificate of the connection is valid now. Add the identity provider's present one.",
  response_too_large: "The response is larger than 256 KiB.",
  response_unreadable: "The response is not base64 of an XML document in UTF-8.",
  markup_refused:
    "The response holds a document type, an entity, a comment, CDATA, a processing instruction or a " +
    "declaration of something other than XML 1.0 in UTF-8.",
  response_too_complex: "The response is nested too deeply, or has too many elements, attributes or namespaces.",
  structure_refused: "The response is not one Response with one Assertion in it, each with an id of its own.",
  encrypted_refused:
    "Something other than the assertion alone is encrypted, or it is not encrypted for a key " +
    "of this connection. Give the identity provider this service's present metadata.",
  encryption_refused:
    "The assertion is encrypted by an algorithm that is not allowed. Use AES (GCM or CBC) " +
    "with RSA-OAEP. RSA 1.5 and Triple DES are not allowed.",
  decryption_failed:
    "The assertion could not be decrypted, or its content is not signed by the identity provider. " +
    "Give the identity provider this service's present metadata, and let it sign assertions.",
  algorithm_refused:
    "A signature uses an algorithm that is not allowed. RSA and ECDSA with SHA-256, SHA-384 or SHA-512 are, " +
    "with the enveloped signature and exclusive canonicalization as its transforms.",
  signature_missing:
    "A signature is missing. The assertion must be signed, and the response unless the connection says otherwise.",
  signature_invalid: "A signature does not hold with any certificate of the connection.",
  issuer_mismatch: "The issuer is not the connection's identity provider.",
  destination_mismatch: "The response was not made for this address (Destination).",
  recipient_mismatch: "The assertion was not made for this address (Recipient).",
  audience_mismatch: "The assertion was not made for this service (Audience).",
  status_not_success: "The identity provider did not report success.",
  conditions_refused: "The assertion's conditions are missing, or one of them is not known.",
  confirmation_refused: "The assertion has no bearer confirmation with Recipient, NotOnOrAfter and InResponseTo.",
  unsolicited: "The response answers no request, and the connection does not accept such responses.",
  request_unknown: "The response answers a request that this browser did not make here.",
  request_expired: "The log-in took longer than ten minutes.",
  expired: "The assertion has expired, or is older than five minutes. Check both clocks.",
  not_yet_valid:
    "The assertion is not valid yet. The identity provider's clock is ahead by more than is " +
    "allowed. Check both clocks, or raise `clockSkewSeconds` of the connection.",
  name_id_refused:
    "The assertion does not name a person. It needs one NameID of 1 to 256 characters, without blanks around it.",
  attributes_refused:
    "The person has more than 2,000 groups or one of more than 4,096 characters, or an attribute " +
    "has a name that is reserved.",
  authn_statement_refused:
    "The assertion does not say that the person was authenticated, or until when the session lasts " +
    "by something that is no time.",
  authn_context_mismatch: "The person was not authenticated in a way that the connection requires.",
  session_expired: "The identity provider's session is over.",
  logout_refused:
    "The message is not one LogoutRequest or LogoutResponse of SAML 2.0 with an id, a time and one signature.",
  replayed: "The response was used before.",
  too_slow: "The response took too long to check.",
  busy: "Too many responses are being checked at this moment.",
} as const;

/** Which signature is missing, and where to switch it on. */
export const SIGNATURE_MISSING = {
  both: "Neither the response nor the assertion is signed. Switch on signed assertions at the identity provider.",
  assertion:
    "Only the response is signed, and the assertion must be. Switch on signed assertions at the identity provider." +
    " In Google Workspace clear `Signed response`, and set `requireSignedResponse` of the connection to false.",
  response:
    "Only the assertion is signed, and the connection asks for a signed response as well." +
    " Switch that on at the identity provider, or set `requireSignedResponse` of the connection to false.",
  encrypted:
    "The response is not signed, and the connection asks for that. Its assertion is encrypted. " +
    "Switch on signed responses at the identity provider." +
    " Or set `requireSignedResponse` of the connection to false. In both cases the provider must " +
    "sign the assertion before it encrypts it.",
} as const;

export type SamlRefusal = keyof typeof SAML_REFUSALS;

/** A refusal as `accept` answers it. */
export interface SamlRefused {
  ok: false;
  code: SamlRefusal;
  detail: string;
  /**
   * The identity provider's own status codes, when it reports a failure. Only known codes of SAML are given, such as
   * `Responder/RequestDenied`.
   */
  status?: string;
}

/** `detail` says more than the table does. It holds no part of the response. */
export const refused = (code: SamlRefusal, detail: string = SAML_REFUSALS[code]): SamlRefused => ({
  ok: false,
  code,
  detail,
});
