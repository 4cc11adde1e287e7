/**
 * How the browser carries a message to the identity provider, signed or not (SAML 2.0 bindings, 3.4 and 3.5). It goes
 * in an address (HTTP-Redirect) or in a form (HTTP-POST).
 */
import { createSign } from "node:crypto";
import { promisify } from "node:util";
import { deflateRaw } from "node:zlib";
import { SignedXml } from "xml-crypto";
import type { SpKey } from "../../store/collections/saml-connections.js";
import { RSA_SHA256 } from "./response/signature-algorithms.js";

export interface OutgoingMessage {
  kind: "SAMLRequest" | "SAMLResponse";
  /** The Issuer must be the root's first child, because a signature is put after it. */
  xml: string;
  /** The address that the message goes to. It may have a query of its own. */
  destination: string;
  binding: "redirect" | "post";
  /** At most 80 bytes. */
  relayState?: string;
  /** The message is not signed when this is absent. */
  key?: SpKey;
}

/** Where the browser goes: by GET, or by POST with these fields. */
export interface Sending {
  url: string;
  fields?: Readonly<Record<string, string>>;
}

const SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256";
const EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#";
const ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/** The message as the browser carries it. */
export async function sendingOf(message: OutgoingMessage): Promise<Sending> {
  const { kind, xml, destination, binding, relayState, key } = message;
  if (binding === "redirect") return { url: await redirectOf(message) };
  const signed = key ? signedXml(xml, key) : xml;
  return {
    url: destination,
    fields: {
      [kind]: Buffer.from(signed).toString("base64"),
      ...(relayState !== undefined && { RelayState: relayState }),
    },
  };
}

/** The signature covers the parameters exactly as they are in the address, in this order (bindings, 3.4.4.1). */
async function redirectOf({ kind, xml, destination, relayState, key }: OutgoingMessage): Promise<string> {
  const deflated = await promisify(deflateRaw)(xml);
  const parameters: [string, string][] = [[kind, deflated.toString("base64")]];
  if (relayState !== undefined) parameters.push(["RelayState", relayState]);
  if (key) parameters.push(["SigAlg", RSA_SHA256]);
  let query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join("&");
  if (key)
    query += `&Signature=${encodeURIComponent(createSign("RSA-SHA256").update(query).sign(key.privateKey, "base64"))}`;
  return `${destination}${destination.includes("?") ? "&" : "?"}${query}`;
}

/** Enveloped, over the whole message (core, 5.4), right after its issuer as the schema has it. */
function signedXml(xml: string, { privateKey, certificate }: SpKey): string {
  const signer = new SignedXml({
    privateKey,
    publicCert: certificate,
    signatureAlgorithm: RSA_SHA256,
    canonicalizationAlgorithm: EXCLUSIVE_C14N,
  });
  signer.addReference({ xpath: "/*", transforms: [ENVELOPED, EXCLUSIVE_C14N], digestAlgorithm: SHA256 });
  signer.computeSignature(xml, {
    prefix: "ds",
    location: { reference: "/*/*[local-name(.)='Issuer']", action: "after" },
  });
  return signer.getSignedXml();
}
