/**
 * HTTP Message Signatures (RFC 9421) of requests, and Content-Digest (RFC 9530). What is signed is written in
 * structured fields (RFC 9651, the successor of RFC 8941) of the three kinds needed here: inner list, byte sequence,
 * dictionary.
 */
import { createHash } from "node:crypto";

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
  /** Value of the label's member of `Signature-Input`; the last line of the base repeats it. */
  input: string;
  /** What is signed, ASCII. */
  base: string;
}

/**
 * The signature base of a request (RFC 9421, 2.5). Throws for a component that the message lacks, a repeated one, or
 * one that breaks a line.
 */
export function signatureBase(
  message: MessageToSign,
  components: readonly Component[],
  parameters: SignatureParameters,
): SignatureBase {
  if (new Set(components).size !== components.length)
    throw new Error("A component may be signed once only (RFC 9421, 2).");
  const input = `(${components.map(serializeString).join(" ")})${serializeParameters(parameters)}`;
  const lines = components.map((component) => `${serializeString(component)}: ${valueOf(message, component)}`);
  return { input, base: [...lines, `"@signature-params": ${input}`].join("\n") };
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

/** RFC 9651, 4.1.1.2: integers as they are, strings quoted. */
function serializeParameters(parameters: SignatureParameters): string {
  let text = "";
  for (const [name, value] of Object.entries(parameters) as [string, string | number | undefined][]) {
    if (value !== undefined)
      text += `;${name}=${typeof value === "number" ? serializeInteger(value) : serializeString(value)}`;
  }
  return text;
}

/** RFC 9651, 4.1.4: at most 15 digits. */
export function serializeInteger(value: number): string {
  if (!Number.isInteger(value) || Math.abs(value) > 999_999_999_999_999)
    throw new Error("This is no integer of a structured field.");
  return String(value);
}

/** RFC 9651, 4.1.6: visible ASCII and space, with `"` and `\` escaped. */
export function serializeString(value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value)) throw new Error("A string of a structured field holds ASCII only.");
  return `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
}

/** RFC 9651, 4.1.8. */
export const serializeBytes = (bytes: Uint8Array): string =>
  `:${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64")}:`;

/** RFC 9651, 4.1.2 with members serialised already; throws for a key that is none (4.1.1.3). */
export function serializeDictionary(members: readonly (readonly [key: string, value: string])[]): string {
  if (members.some(([key]) => !/^[a-z*][a-z0-9_\-.*]*$/.test(key)))
    throw new Error("A key of a structured field is lower case.");
  return members.map(([key, value]) => `${key}=${value}`).join(", ");
}

/** Value of `Content-Digest` (RFC 9530, 2). */
export function contentDigest(body: Uint8Array, algorithm: "sha-256" | "sha-512" = "sha-256"): string {
  return serializeDictionary([
    [algorithm, serializeBytes(createHash(algorithm.replace("-", "")).update(body).digest())],
  ]);
}

/** Whoever signs: a key with its id and algorithm. */
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
  const inputs: [string, string][] = [];
  const signatures: [string, string][] = [];
  signers.forEach((signer, index) => {
    const name = index === 0 ? label : `${label}-${index + 1}`;
    const { input, base } = signatureBase(message, components, {
      created: createdSeconds,
      expires: expiresSeconds,
      keyid: signer.keyid,
      alg: signer.alg,
      tag,
    });
    inputs.push([name, input]);
    signatures.push([name, serializeBytes(signer.sign(Buffer.from(base, "latin1")))]);
  });
  return { "signature-input": serializeDictionary(inputs), signature: serializeDictionary(signatures) };
}
