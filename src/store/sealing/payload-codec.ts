/**
 * Temporal's payload codec. Everything that reaches the engine's histories is sealed under a key of the day, with a
 * proof of its sender.
 */
import type { Payload, PayloadCodec, SerializationContext } from "@temporalio/common";
import proto from "@temporalio/proto";
import { OWN_METADATA, type Proof, PROOF_METADATA, writeProof } from "../../workflows/proof-of.js";
import type { DataKey, KeyScope, SealContext } from "./data-key.js";
import type { Keyring } from "./keyring.js";
import { StoreError } from "../store-error.js";
import { DAY_MS } from "../../workflows/durations.js";

// The default import is needed, because Node finds no named exports in this CommonJS package.
const PayloadMessage = proto.temporal.api.common.v1.Payload;

const ENCODING = "binary/encrypted";
const ENCODING_BYTES = Buffer.from(ENCODING);

/** The encodings of Temporal's own converters, which need no codec to be read. */
const PLAIN_ENCODINGS: ReadonlySet<string> = new Set([
  "json/plain",
  "binary/null",
  "binary/plain",
  "json/protobuf",
  "binary/protobuf",
]);

/** While the store is down, how long encoding goes on with the last key before asking for today's again. */
const RETRY_MS = 5_000;

/** The sender for whom /codec/encode seals. What this service's own clients and workers seal is `internal`. */
export type SealedAs = Extract<Proof, { purpose: "publisher" | "operator" }>;

export interface ProvingCodec extends PayloadCodec {
  /** Seals what an outside sender made, together with what the API knows about the sender. Throws like `encode`. */
  encodeAs(as: SealedAs, payloads: Payload[]): Promise<Payload[]>;
}

export interface PayloadCodecOptions {
  now?: () => number;
  /**
   * Last day (`yyyy-mm-dd`) whose key may have sealed the form without a proof. None when absent. See proof-cut-off.ts.
   */
  legacyUntil?: string;
  /** Called when a payload that was not sealed was read. Then a client without the codec is in use. */
  onPlain?: () => void;
  /** Called when an activity's input or result was refused because no process of this service made it. */
  onUnproven?: () => void;
  /**
   * Called when a payload could not be opened for another reason than an outage. Its workflow cannot go on until an
   * operator acts.
   */
  onUnreadable?: (error: StoreError) => void;
}

/**
 * What the envelope says inside: its sender, and for an internal one the workflow or activity that it was sealed for.
 */
type Inside = { proof: Proof; place?: string };

/**
 * Seals whole payloads (metadata too) as `binary/encrypted`. The key id is in the metadata, and the sender is inside. A
 * batch of 200 KB costs 0.2 ms to seal and 0.1 ms to open.
 *
 * Decoding for a workflow (the SDK says for which) writes the proof into the metadata. An internal envelope is valid
 * only for the workflow that it was sealed for, so that a copy from a history starts nothing else.
 *
 * Decoding accepts plain payloads, without a proof. Operators send them, such as a `retry` signal from the Temporal CLI
 * without the codec endpoint. It cannot be recalled, and refusing it would fail every further task of that workflow.
 * Inputs and results of activities are made by workers alone, so they must be internal. Any other encoding is refused.
 *
 * Throws StoreError `key_unknown`, `key_destroyed`, `sealed_data_invalid`, `unproven` or `unavailable`. Temporal then
 * repeats the task.
 */
export function createPayloadCodec(keyring: Keyring, options: PayloadCodecOptions = {}): ProvingCodec {
  const { onUnreadable } = options;
  const currentKey = createKeyOfDay(keyring, options.now ?? Date.now);
  const decodeOne = createDecoder(keyring, options);

  async function seal(payloads: Payload[], inside: Inside): Promise<Payload[]> {
    if (payloads.length === 0) return [];
    const key = await currentKey();
    const context = contextOf(key, "proven");
    const keyId = Buffer.from(key.id);
    const proof = Buffer.from(JSON.stringify(inside));
    const own = inside.proof.purpose === "internal";
    return payloads.map(({ metadata, data }) => ({
      metadata: { encoding: ENCODING_BYTES, "encryption-key-id": keyId },
      // The proof comes last, so that it also replaces one that the payload claims.
      data: key.seal(
        context,
        PayloadMessage.encode({
          metadata: { ...(own ? metadata : withoutOwn(metadata)), [PROOF_METADATA]: proof },
          ...(data && { data }),
        }).finish(),
      ),
    }));
  }

  return {
    encode: (payloads, context) =>
      seal(payloads, { proof: { purpose: "internal" }, ...(context && { place: placeOf(context) }) }),
    encodeAs: (proof, payloads) => seal(payloads, { proof }),
    decode: (payloads, context) =>
      Promise.all(
        payloads.map((payload) =>
          decodeOne(payload, context).catch((error: unknown) => {
            if (error instanceof StoreError && error.code !== "unavailable") onUnreadable?.(error);
            throw error;
          }),
        ),
      ),
  };
}

type Metadata = Payload["metadata"];

/** Takes away what only our own code may say. */
const withoutOwn = (metadata: Metadata): NonNullable<Metadata> =>
  Object.fromEntries(Object.entries(metadata ?? {}).filter(([name]) => !name.startsWith(OWN_METADATA)));

const INTERNAL_BYTES = writeProof({ purpose: "internal" });

function createDecoder(keyring: Keyring, { legacyUntil = "", onPlain, onUnproven }: PayloadCodecOptions) {
  const none: Proof = { purpose: "none", before: legacyUntil === "" ? 0 : Date.parse(legacyUntil) + DAY_MS };
  const noneBytes = writeProof(none);

  function opened(
    { metadata, data }: Payload,
    { proof, place }: Inside,
    context: SerializationContext | undefined,
  ): Payload {
    const own = proof.purpose === "internal" || proof.purpose === "legacy";
    const kept = own ? without(PROOF_METADATA, metadata) : withoutOwn(metadata);
    // There is no context. This is the Temporal UI, which only shows what was sealed.
    if (!context) return { metadata: kept, ...(data && { data }) };
    const holds = proof.purpose !== "internal" || place === placeOf(context);
    if (context.type === "activity" && !(own && holds)) {
      onUnproven?.();
      throw new StoreError(
        "unproven",
        "An activity was given, or is said to have answered, what no worker of this service made for " +
          "it. Look for who else has a certificate of Temporal.",
      );
    }
    if (!holds) return { metadata: { ...withoutOwn(metadata), [PROOF_METADATA]: noneBytes }, ...(data && { data }) };
    return {
      metadata: { ...kept, [PROOF_METADATA]: proof.purpose === "internal" ? INTERNAL_BYTES : writeProof(proof) },
      ...(data && { data }),
    };
  }

  return async (payload: Payload, context: SerializationContext | undefined): Promise<Payload> => {
    const encoding = payload.metadata?.["encoding"];
    const name = encoding ? Buffer.from(encoding).toString("utf8") : "";
    if (name !== ENCODING) {
      if (!PLAIN_ENCODINGS.has(name))
        throw new StoreError(
          "sealed_data_invalid",
          `A Temporal payload has the encoding "${name.slice(0, 40)}", which Sealpost does not read. ` +
            "Send it with Sealpost's data converter or as json/plain.",
        );
      onPlain?.();
      return opened(payload, { proof: none }, context);
    }
    const sealed = payload.data ?? new Uint8Array();
    try {
      const key = await keyring.forSealed(sealed);
      return open(key, sealed, legacyUntil, (inner, inside) => opened(inner, inside ?? { proof: none }, context));
    } catch (error) {
      // A payload that was changed proves nothing and is no argument (UnreadableInput). But it must not stop the
      // workflow that it was sent to.
      if (context?.type !== "workflow" || !(error instanceof StoreError) || error.code !== "sealed_data_invalid")
        throw error;
      return { ...payload, metadata: { ...withoutOwn(payload.metadata), [PROOF_METADATA]: noneBytes } };
    }
  };
}

function without(name: string, metadata: Metadata): NonNullable<Metadata> {
  const { [name]: _gone, ...kept } = metadata ?? {};
  return kept;
}

/** Opens an envelope with its proof, or one of the older form, which counts up to the cut-off. */
function open(
  key: DataKey,
  sealed: Uint8Array,
  legacyUntil: string,
  give: (inner: Payload, inside: Inside | undefined) => Payload,
): Payload {
  let bytes: Uint8Array;
  try {
    bytes = key.open(contextOf(key, "proven"), sealed);
  } catch {
    const inner = PayloadMessage.decode(key.open(contextOf(key, "data"), sealed));
    return give(inner, dayOfKey(key) <= legacyUntil ? { proof: { purpose: "legacy" } } : undefined);
  }
  const inner = PayloadMessage.decode(bytes);
  const inside = inner.metadata[PROOF_METADATA];
  return give(inner, inside && (JSON.parse(Buffer.from(inside).toString("utf8")) as Inside));
}

const dayOfKey = ({ id }: DataKey): string => /^temporal\/(\d{4}-\d\d-\d\d)#/.exec(id)?.[1] ?? "9999";

/** Workflow and activity ids come from Temporal. What is sealed for one of them is not valid for another. */
const placeOf = (context: SerializationContext): string => `${context.type}/${context.workflowId ?? ""}`;

/**
 * Bound into the ciphertext together with the content, so that an envelope of the older form is never taken for one
 * with a proof.
 */
const contextOf = (key: DataKey, field: "proven" | "data"): SealContext => ({
  collection: "temporal",
  id: "payload",
  field,
  owner: key.id,
});

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/**
 * Today's key. While the store is down it may not be readable. Then the newest key that was used here goes on, at most
 * into the next day. So events are accepted and histories are written while MongoDB is away.
 */
function createKeyOfDay(keyring: Keyring, now: () => number): () => Promise<DataKey> {
  let newest: { key: DataKey; day: string } | undefined;
  let retryAt = 0;
  return async () => {
    const time = now();
    const day = dayOf(time);
    const standBy = newest && (newest.day === day || newest.day === dayOf(time - DAY_MS)) ? newest.key : undefined;
    if (standBy && time < retryAt) return standBy;
    try {
      const scope: KeyScope = `temporal/${day}`;
      const key = await keyring.scope(scope);
      newest = { key, day };
      return key;
    } catch (error) {
      if (!standBy || !(error instanceof StoreError) || error.code !== "unavailable") throw error;
      retryAt = now() + RETRY_MS;
      return standBy;
    }
  };
}
