/**
 * The payload converter of client, worker and workflow code alike: the SDK's own, and two things more. Workflow code
 * hands one kind of value through without reading it. A batch of 200 events is 250 KB of JSON. The workflow sandbox
 * would parse, write and encode it again in JavaScript, only to give it to its local activity. That took a third of the
 * time of the workflow thread (measured). And an object carries the proof of who made it (proof-of.ts).
 */
import {
  defaultPayloadConverter,
  METADATA_ENCODING_KEY,
  type Payload,
  type PayloadConverter,
} from "@temporalio/common";
import { ascii, PROOF_METADATA, readProof, withProof } from "./proof-of.js";

/** JSON bytes of an input. Only activities read them. */
export class PackedInput {
  readonly json: Uint8Array;
  constructor(json: Uint8Array) {
    this.json = json;
  }
}

/** A payload that cannot be read. What a person mistyped must not stop the workflow that it was sent to. */
export class UnreadableInput {
  readonly unreadable = true;
}

const PACKED = "sealpost-packed";
/** Still `json/plain`, so that the Temporal UI shows it. */
const METADATA = { [METADATA_ENCODING_KEY]: ascii("json/plain"), [PACKED]: ascii("1") };

export const payloadConverter: PayloadConverter = {
  toPayload: <T>(value: T): Payload =>
    value instanceof PackedInput ? { metadata: METADATA, data: value.json } : defaultPayloadConverter.toPayload(value),
  fromPayload: <T>(payload: Payload): T => {
    const proof = payload.metadata?.[PROOF_METADATA];
    if (!proof) return valueOf<T>(payload);
    const read = readProof(proof);
    return withProof(read.purpose === "none" ? mistyped<T>(payload) : valueOf<T>(payload), read);
  },
};

const valueOf = <T>(payload: Payload): T =>
  payload.metadata?.[PACKED] && payload.data
    ? (new PackedInput(payload.data) as T)
    : defaultPayloadConverter.fromPayload<T>(payload);

function mistyped<T>(payload: Payload): T {
  try {
    return valueOf<T>(payload);
  } catch {
    return new UnreadableInput() as T;
  }
}
