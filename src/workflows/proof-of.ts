/**
 * The proof that a value carries. Plain, so that the payload converter, the codec and activities can import it outside
 * the sandbox.
 */

/** Metadata name of the proof in a payload that the codec has opened. */
export const PROOF_METADATA = "sealpost-proof";
/** Metadata names with this beginning are ours: the codec takes them away from whatever others made. */
export const OWN_METADATA = "sealpost-";
/** Type of the failure of a workflow whose start does not prove that its maker may make it. */
export const UNPROVEN = "publisher_unproven";

/**
 * Of a publisher. It names the key that sealed the input through /codec/encode, and the apis that the key was limited
 * to then. Without `apis` it was not limited.
 */
export interface PublisherProof {
  purpose: "publisher";
  keyId: string;
  apis?: readonly string[];
}

/**
 * - internal: sealed by a process of this service, for this very workflow.
 * - legacy: sealed by a release that did not say for what, before the recorded cut-off.
 * - publisher, operator: sealed through /codec/encode.
 * - none: plain, tampered with, or sealed for another workflow. `before`: runs that began earlier go on, milliseconds
 *   since the epoch.
 */
export type Proof =
  | { purpose: "internal" }
  | { purpose: "legacy" }
  | PublisherProof
  | { purpose: "operator"; actor: string }
  | { purpose: "none"; before?: number };

// A registered symbol: the same in every realm and module instance, out of JSON's reach, and not copied by spread (not
// enumerable).
const PROOF = Symbol.for("sealpost.proof");
const NONE: Proof = { purpose: "none" };

/** The proof of a value that came through the payload converter. A value without one proves nothing. */
export function proofOf(value: unknown): Proof {
  if (typeof value !== "object" || value === null) return NONE;
  return (value as { [PROOF]?: Proof })[PROOF] ?? NONE;
}

/** Gives the value its proof. A value that is no object can carry none. */
export function withProof<T>(value: T, proof: Proof): T {
  return typeof value === "object" && value !== null ? Object.defineProperty(value, PROOF, { value: proof }) : value;
}

const ASCII_ONLY = /[^\x20-\x7e]/g;
/** As ASCII, because the sandbox has no TextDecoder of its own for it. */
export const writeProof = (proof: Proof): Uint8Array =>
  ascii(
    JSON.stringify(proof).replaceAll(
      ASCII_ONLY,
      (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
    ),
  );

export const readProof = (bytes: Uint8Array): Proof => JSON.parse(String.fromCharCode(...bytes)) as Proof;

// The sandbox has no TextEncoder of its own for this.
export const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0));
