/**
 * Whether the signatures of a request that was sent can be made again from what is stored. A person who debugs a
 * verification learns which bytes were signed, by which scheme and with which key.
 */
import { type Dictionary, type InnerList, type Item, parseDictionary } from "structured-headers";
import type { SigningKey, SigningScheme, SigningSecret, Subscription } from "../../store/model.js";
import {
  contentDigest,
  type MessageToSign,
  type SignatureBase,
  signatureBase,
  type SignatureParameters,
} from "./http-message-signature.js";
import { signWithSecret } from "./sign.js";
import { secretKeyId } from "./signature-headers.js";
import { signWithKey } from "./signing-keys.js";

/** A request as its attempt has recorded it. */
export interface SentRequest {
  method: string;
  url: string;
  /** Names in lower case. Those of signatures are never masked. */
  headers: Readonly<Record<string, string>>;
  body: Uint8Array;
  at: Date;
}

/**
 * - matches: the stored bytes and a stored key give this signature.
 * - differs: they do not, although the key is there. So the record or the payload is not what was sent.
 * - secret_gone: the key was rotated away. Nothing can be said any more.
 */
export type SignatureResult = "matches" | "differs" | "secret_gone";

export interface RecomputedSignature {
  scheme: SigningScheme;
  /** Of a message signature. */
  label?: string;
  /** Which key it is, where that is known. */
  keyid?: string;
  /** The signing secret that gives this signature. Never to be shown whole. */
  secret?: SigningSecret;
  /** As it was sent, in base64. */
  signature: string;
  result: SignatureResult;
  /** What was signed. Absent if it cannot be put together from the record. */
  signed?: Buffer;
}

type Signers = Pick<Subscription, "id" | "secrets" | "keys">;

/** All signatures of the request, in the order of its headers. `signers` is undefined once the subscription is gone. */
export const recompute = (sent: SentRequest, signers: Signers | undefined): RecomputedSignature[] => [
  ...standardSignatures(sent, signers),
  ...messageSignatures(sent, signers),
];

/** A key that may have signed. */
interface Signer {
  keyid: string;
  secret?: SigningSecret;
  createdAt: Date;
  expiresAt?: Date;
  sign(message: Buffer): Buffer;
}
const ofSecret =
  (subscriptionId: string) =>
  (secret: SigningSecret): Signer => ({
    keyid: secretKeyId(subscriptionId, secret),
    secret,
    createdAt: secret.createdAt,
    ...(secret.expiresAt && { expiresAt: secret.expiresAt }),
    sign: (message) => signWithSecret(secret.secret, message),
  });
const ofKey = (key: SigningKey): Signer => ({
  keyid: key.kid,
  createdAt: key.createdAt,
  ...(key.expiresAt && { expiresAt: key.expiresAt }),
  sign: (message) => signWithKey(key, message),
});

/** A worker may go on with the keys that it has in memory for some seconds after a rotation. */
const KNOWN_BY_ALL_MS = 60_000;

/** `webhook-signature` of Standard Webhooks. It does not name its keys, so each key is tried. */
function standardSignatures({ headers, body, at }: SentRequest, signers: Signers | undefined): RecomputedSignature[] {
  const { "webhook-id": id, "webhook-timestamp": timestamp, "webhook-signature": header } = headers;
  if (id === undefined || timestamp === undefined || header === undefined) return [];
  const signed = Buffer.concat([Buffer.from(`${id}.${timestamp}.`, "latin1"), body]);
  const given = header.split(" ").map((each): [string, string] => {
    const [version = "", ...rest] = each.split(",");
    return [version, rest.join(",")];
  });
  const ofScheme = (scheme: "v1" | "v1a", known: readonly Signer[]): RecomputedSignature[] => {
    const values = given.flatMap(([version, value]) => (version === scheme ? [value] : []));
    return judge(values, { known, signed, at }).map((judged) => ({ scheme, signed, ...judged }));
  };
  return [
    ...ofScheme("v1", (signers?.secrets ?? []).map(ofSecret(signers?.id ?? ""))),
    ...ofScheme("v1a", (signers?.keys ?? []).map(ofKey)),
  ];
}

type Judged = Pick<RecomputedSignature, "keyid" | "secret" | "signature" | "result">;

/**
 * If one signature matches, then the bytes are right, and the key of any other is gone. If none does, then it depends
 * on whether a key is there that must have signed.
 */
function judge(
  values: readonly string[],
  { known, signed, at }: { known: readonly Signer[]; signed: Buffer; at: Date },
): Judged[] {
  const made = new Map(known.map((signer) => [signer.sign(signed).toString("base64"), signer]));
  const mustHaveSigned = known.some(
    ({ createdAt, expiresAt }) =>
      createdAt.getTime() <= at.getTime() - KNOWN_BY_ALL_MS && (expiresAt === undefined || expiresAt > at),
  );
  const differs = mustHaveSigned && !values.some((value) => made.has(value));
  return values.map((signature) => {
    const signer = made.get(signature);
    if (!signer) return { signature, result: differs ? "differs" : "secret_gone" };
    return { signature, result: "matches", keyid: signer.keyid, ...(signer.secret && { secret: signer.secret }) };
  });
}

/** `Signature` and `Signature-Input` (RFC 9421). Each names its key. */
function messageSignatures(sent: SentRequest, signers: Signers | undefined): RecomputedSignature[] {
  const { signature, "signature-input": input } = sent.headers;
  if (signature === undefined || input === undefined) return [];
  const inputs = dictionaryOf(input);
  return [...dictionaryOf(signature)].flatMap(([label, value]) => {
    // The library gives bytes as an ArrayBuffer.
    const bytes = value[0] instanceof ArrayBuffer ? Buffer.from(value[0]) : undefined;
    const member = inputs.get(label);
    return bytes ? [messageSignature(sent, { label, bytes, member, signers })] : [];
  });
}

interface OneSignature {
  label: string;
  bytes: Buffer;
  member: Item | InnerList | undefined;
  signers: Signers | undefined;
}

function messageSignature(sent: SentRequest, { label, bytes, member, signers }: OneSignature): RecomputedSignature {
  const base = member && !isItem(member) ? baseOf(sent, member) : undefined;
  const { keyid, alg } = base?.parameters ?? {};
  const signed = base && Buffer.from(base.base, "latin1");
  const common = {
    scheme: "rfc9421" as const,
    label,
    signature: bytes.toString("base64"),
    ...(keyid !== undefined && { keyid }),
    ...(signed && { signed }),
  };
  const known =
    alg === "hmac-sha256"
      ? (signers?.secrets ?? []).map(ofSecret(signers?.id ?? ""))
      : (signers?.keys ?? []).map(ofKey);
  const signer = known.find((each) => each.keyid === keyid);
  if (signed && !signer) return { ...common, result: "secret_gone" };
  const matches = signed !== undefined && signer?.sign(signed).equals(bytes) === true && digestHolds(sent);
  return { ...common, result: matches ? "matches" : "differs", ...(signer?.secret && { secret: signer.secret }) };
}

/** Undefined if the record lacks a component that was signed. */
function baseOf(
  { method, url, headers }: SentRequest,
  [items, given]: InnerList,
): (Pick<SignatureBase, "base"> & { parameters: SignatureParameters }) | undefined {
  const components = items.flatMap(([name]) => (typeof name === "string" ? [name] : []));
  const parameters = parametersOf(given);
  const message: MessageToSign = { method, url: new URL(url), headers };
  try {
    return { base: signatureBase(message, components, parameters).base, parameters };
  } catch {
    return undefined;
  }
}

/** In the order in which they were written, which is part of what is signed. */
function parametersOf(given: InnerList[1]): SignatureParameters {
  const found: Record<string, string | number> = {};
  for (const [name, value] of given) if (typeof value === "string" || typeof value === "number") found[name] = value;
  return found;
}

/** The body is signed through its digest only. */
function digestHolds({ headers, body }: SentRequest): boolean {
  const given = headers["content-digest"] ?? "";
  return (["sha-256", "sha-512"] as const).some((algorithm) => contentDigest(body, algorithm) === given);
}

const isItem = (member: Item | InnerList): member is Item => !Array.isArray(member[0]);

function dictionaryOf(header: string): Dictionary {
  try {
    return parseDictionary(header);
  } catch {
    return new Map();
  }
}
