/** Temporal's payload codec: everything that reaches the engine's histories is sealed under a key of the day. */
import type { Payload, PayloadCodec } from "@temporalio/common";
import proto from "@temporalio/proto";
import type { DataKey, Keyring, KeyScope, SealContext } from "./keyring.js";
import { StoreError } from "./store.js";

// The default import: Node finds no named exports in this CommonJS package.
const PayloadMessage = proto.temporal.api.common.v1.Payload;

const ENCODING = "binary/encrypted";
const ENCODING_BYTES = Buffer.from(ENCODING);

/** The encodings of Temporal's own converters, which need no codec to be read. */
const PLAIN_ENCODINGS: ReadonlySet<string> = new Set(["json/plain", "binary/null", "binary/plain", "json/protobuf", "binary/protobuf"]);

/** While the store is down, how long encoding goes on with the last key before asking for today's again. */
const RETRY_MS = 5_000;
const DAY_MS = 24 * 60 * 60_000;

export interface PayloadCodecOptions {
  now?: () => number;
  /** Told when a payload that nobody sealed was read: somebody uses a client without the codec. */
  onPlain?: () => void;
  /** Told when a payload could not be opened for another reason than an outage: its workflow stands still until somebody acts. */
  onUnreadable?: (error: StoreError) => void;
}

/**
 * Seals whole payloads (metadata too) as `binary/encrypted`, key id in the metadata. A batch of 200 KB costs 0.2 ms to seal, 0.1 ms to open.
 *
 * Decoding lets plain payloads pass. Temporal itself makes none that reach a codec (search attributes and headers are left out by
 * the SDK, markers are the core's own), but operators do: a `retry` signal sent from the Temporal UI or its CLI without the codec
 * endpoint cannot be recalled, and refusing it would fail every further task of that workflow. Whoever may write to Temporal can
 * send such a signal anyway; nothing secret is gained by passing it on. Any other encoding is refused.
 *
 * Throws StoreError `key_unknown`, `key_destroyed`, `sealed_data_invalid` or `unavailable`; Temporal then repeats the task.
 */
export function createPayloadCodec(keyring: Keyring, options: PayloadCodecOptions = {}): PayloadCodec {
  const { onPlain, onUnreadable } = options;
  const currentKey = createKeyOfDay(keyring, options.now ?? Date.now);

  async function decodeOne(payload: Payload): Promise<Payload> {
    const encoding = payload.metadata?.["encoding"];
    const name = encoding ? Buffer.from(encoding).toString("utf8") : "";
    if (name !== ENCODING) {
      if (!PLAIN_ENCODINGS.has(name)) throw new StoreError("sealed_data_invalid", `A Temporal payload has the encoding "${name.slice(0, 40)}", which Sealpost does not read. Send it with Sealpost's data converter or as json/plain.`);
      onPlain?.();
      return payload;
    }
    const sealed = payload.data ?? new Uint8Array();
    const key = await keyring.forSealed(sealed);
    return PayloadMessage.decode(key.open(contextOf(key), sealed));
  }

  return {
    async encode(payloads) {
      if (payloads.length === 0) return [];
      const key = await currentKey();
      const context = contextOf(key);
      const keyId = Buffer.from(key.id);
      return payloads.map((payload) => ({
        metadata: { encoding: ENCODING_BYTES, "encryption-key-id": keyId },
        data: key.seal(context, PayloadMessage.encode(payload).finish()),
      }));
    },
    decode: (payloads) => Promise.all(payloads.map((payload) => decodeOne(payload).catch((error: unknown) => {
      if (error instanceof StoreError && error.code !== "unavailable") onUnreadable?.(error);
      throw error;
    }))),
  };
}

/** No workflow id: the same payload travels on into children, continued runs and the Temporal UI. */
const contextOf = (key: DataKey): SealContext => ({ collection: "temporal", id: "payload", field: "data", owner: key.id });

const dayOf = (time: number): string => new Date(time).toISOString().slice(0, 10);

/**
 * Today's key. When it cannot be had because the store is down, the newest one used here goes on, at most into the next day:
 * events are accepted and histories written while MongoDB is away.
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
