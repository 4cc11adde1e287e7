/**
 * HTTP Message Signatures (RFC 9421) of requests, and Content-Digest (RFC 9530). What is signed is written in
 * structured fields (RFC 9651, the successor of RFC 8941) by a library.
 */
import { createHash } from "node:crypto";
import {
  serializeDictionary,
  serializeInnerList,
  serializeString,
  type Dictionary,
  type InnerList,
  type Item,
  type Parameters,
} from "structured-headers";

/** Components of a request that are no header (RFC 9421, 2.2). `@query-param` is left out: `@query` covers it. */
const DERIVED = {
  "@method": ({ method }: MessageToSign) => method,
  "@target-uri": ({ url }: MessageToSign) => `${url.origin}${url.pathname}${url.search}`,
  "@authority": ({ url }: MessageToSign) => url.host,
  "@scheme": ({ url }: MessageToSign) => url.protocol.slice(0, -1),
  "@request-target": ({ url }: MessageToSign) => `${url.pathname}${url.search}`,
  "@path": ({ url }: MessageToSign) => url.pathname,
  "@query": ({ url }: MessageToSign) => url.search || "?",
} as const;

/** A derived component, or the name of a header in lower case. */
export type Component = keyof typeof DERIVED | (string & {});

export interface MessageToSign {
  method: string;
  /** As the URL parser gives it: host in lower case, no default port, a path. */
  url: URL;
  /** Names in lower case. */
  headers: Readonly<Record<string, string>>;
}

/**
 * Parameters of a signature (RFC 9421, 2.3), written in the order in which they are given. Instants in seconds since
 * the epoch.
 */
export interface SignatureParameters {
  created?: number;
  expires?: number;
  nonce?: string;
  alg?: "ed25519" | "hmac-sha256";
  keyid?: string;
  tag?: string;
}

export interface SignatureBase {
  /** The label's member of `Signature-Input`. */
  member: InnerList;
  /** That member as it is written. The last line of the base repeats it. */
  input: string;
  /** What is signed, ASCII. */
  base: string;
}

/**
 * The signature base of a request (RFC 9421, 2.5). Throws for a component that the message lacks, for a repeated one,
 * and for one that breaks a line. Throws for a parameter that is no item of a structured field.
 */
export function signatureBase(
  message: MessageToSign,
  components: readonly Component[],
  parameters: SignatureParameters,
): SignatureBase {
  if (new Set(components).size !== components.length)
    throw new Error("A component may be signed once only (RFC 9421, 2).");
  const member: InnerList = [components.map((component) => item(component)), asParameters(parameters)];
  const input = serializeInnerList(member);
  const lines = components.map((component) => `${serializeString(component)}: ${valueOf(message, component)}`);
  return { member, input, base: [...lines, `"@signature-params": ${input}`].join("\n") };
}

const NO_PARAMETERS: Parameters = new Map();
const item = (value: string | Uint8Array<ArrayBuffer>): Item => [value, NO_PARAMETERS];

/** Instants must be integers: the library would write a fraction as a decimal, and NaN as it is. */
function asParameters(parameters: SignatureParameters): Parameters {
  const found: Parameters = new Map();
  for (const [name, value] of Object.entries(parameters) as [string, string | number | undefined][]) {
    if (value === undefined) continue;
    if (typeof value === "number" && !Number.isInteger(value))
      throw new Error("An instant of a signature is a whole number of seconds (RFC 9421, 2.3).");
    found.set(name, value);
  }
  return found;
}

function valueOf(message: MessageToSign, component: Component): string {
  if (component.startsWith("@")) {
    const derive = Object.hasOwn(DERIVED, component) ? DERIVED[component as keyof typeof DERIVED] : undefined;
    if (!derive) throw new Error("There is no such derived component (RFC 9421, 2.2).");
    return derive(message);
  }
  if (component !== component.toLowerCase()) throw new Error("A header is named in lower case (RFC 9421, 2.1).");
  const value = Object.hasOwn(message.headers, component) ? message.headers[component] : undefined;
  if (value === undefined) throw new Error("A header that is to be signed is missing.");
  if (/[\r\n]/.test(value)) throw new Error("A header value may not break the line.");
  return value.replace(/^[ \t]+|[ \t]+$/g, "");
}

/** Value of `Content-Digest` (RFC 9530, 2). */
export function contentDigest(body: Uint8Array, algorithm: "sha-256" | "sha-512" = "sha-256"): string {
  return serializeDictionary(
    new Map([[algorithm, item(createHash(algorithm.replace("-", "")).update(body).digest())]]),
  );
}

/** The signer: a key with its id and algorithm. */
export interface MessageSigner {
  keyid: string;
  alg: "ed25519" | "hmac-sha256";
  sign(base: Buffer): Uint8Array;
}

export interface SignatureOrder {
  message: MessageToSign;
  components: readonly Component[];
  /** The first signs under `label`, the others under `label-2`, `label-3`, … */
  signers: readonly MessageSigner[];
  label: string;
  createdSeconds: number;
  expiresSeconds: number;
  tag: string;
}

/** The two headers of a signed message (RFC 9421, 4), with one signature for each signer. */
export function messageSignatureHeaders({
  message,
  components,
  signers,
  label,
  createdSeconds,
  expiresSeconds,
  tag,
}: SignatureOrder): { "signature-input": string; signature: string } {
  const inputs: Dictionary = new Map();
  const signatures: Dictionary = new Map();
  signers.forEach((signer, index) => {
    const name = index === 0 ? label : `${label}-${index + 1}`;
    const { member, base } = signatureBase(message, components, {
      created: createdSeconds,
      expires: expiresSeconds,
      keyid: signer.keyid,
      alg: signer.alg,
      tag,
    });
    inputs.set(name, member);
    signatures.set(name, item(new Uint8Array(signer.sign(Buffer.from(base, "latin1")))));
  });
  return { "signature-input": serializeDictionary(inputs), signature: serializeDictionary(signatures) };
}
