/** A verifier of HTTP message signatures, written from RFC 9421 apart from the product: what a consumer would write. */
import { createHash, createHmac, createPublicKey, timingSafeEqual, verify } from "node:crypto";

export interface VerifiableRequest {
  method: string;
  /** The URL that the consumer subscribed. */
  url: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Uint8Array;
}
/** A JWK of the published set, or the decoded bytes of a signing secret. */
export type VerificationKey = { x: string } | Uint8Array;

/** Labels whose signature holds. Empty when none does, or when the content is not what its digest says. */
export function verifiedLabels(
  request: VerifiableRequest,
  keyOf: (keyid: string) => VerificationKey | undefined,
  nowSeconds: number,
): string[] {
  if (!digestHolds(String(request.headers["content-digest"]), request.body)) return [];
  const inputs = dictionary(String(request.headers["signature-input"]));
  const signatures = dictionary(String(request.headers["signature"]));
  return [...inputs]
    .filter(([label, input]) => holds(request, { input, signature: signatures.get(label) ?? "" }, keyOf, nowSeconds))
    .map(([label]) => label);
}

function holds(
  request: VerifiableRequest,
  { input, signature }: { input: string; signature: string },
  keyOf: (keyid: string) => VerificationKey | undefined,
  nowSeconds: number,
): boolean {
  const match = /^\(((?:"[^"]+"(?: |(?=\))))*)\)((?:;[a-z]+=(?:"[^"]*"|\d+))*)$/.exec(input);
  if (!match) return false;
  const names = [...(match[1] ?? "").matchAll(/"([^"]+)"/g)].map((each) => each[1] ?? "");
  const parameters = new Map(
    [...(match[2] ?? "").matchAll(/;([a-z]+)=(?:"([^"]*)"|(\d+))/g)].map((each) => [each[1], each[2] ?? each[3] ?? ""]),
  );
  if (Math.abs(nowSeconds - Number(parameters.get("created"))) > 300 || Number(parameters.get("expires")) < nowSeconds)
    return false;
  // What a consumer must insist on, or an attacker takes a component out.
  if (!["@method", "@target-uri", "content-digest", "webhook-id"].every((name) => names.includes(name))) return false;
  const valueOf = (name: string) => {
    if (name === "@method") return request.method;
    return name === "@target-uri" ? request.url : String(request.headers[name]).trim();
  };
  const lines = names.map((name) => `"${name}": ${valueOf(name)}`);
  const base = [...lines, `"@signature-params": ${input}`].join("\n");
  const key = keyOf(parameters.get("keyid") ?? "");
  const given = Buffer.from(/^:(.*):$/.exec(signature)?.[1] ?? "", "base64");
  if (!key) return false;
  if (key instanceof Uint8Array) {
    const expected = createHmac("sha256", key).update(base).digest();
    return (
      parameters.get("alg") === "hmac-sha256" && given.length === expected.length && timingSafeEqual(given, expected)
    );
  }
  return (
    parameters.get("alg") === "ed25519" &&
    verify(
      null,
      Buffer.from(base),
      createPublicKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: key.x } }),
      given,
    )
  );
}

function digestHolds(header: string, body: Uint8Array): boolean {
  const match = /^(sha-256|sha-512)=:([A-Za-z0-9+/=]+):$/.exec(header);
  return match !== null && createHash(String(match[1]).replace("-", "")).update(body).digest("base64") === match[2];
}

/** Members of a dictionary whose values hold no comma outside of strings and parentheses. */
function dictionary(text: string): Map<string, string> {
  return new Map(
    [...text.matchAll(/(?:^|, )([a-z*][a-z0-9_\-.*]*)=((?:"[^"]*"|\([^)]*\)|[^,"(])*)/g)].map((each) => [
      each[1] ?? "",
      each[2] ?? "",
    ]),
  );
}
