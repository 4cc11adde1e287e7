/**
 * For providers that start `deliverEvent` with their own Temporal client instead of `POST /v1/events`. Payloads are
 * sealed by the API, so the provider holds no master key. docs/how-to/own-temporal-client.md shows the whole way.
 *
 * @example
 * ```ts
 * import { Client, Connection } from "@temporalio/client";
 * import { deliverEventStart, remoteDataConverter } from "sealpost/client";
 *
 * const dataConverter = remoteDataConverter({
 *   codecUrl: "https://hooks.example.com/codec",
 *   apiKey: process.env.SEALPOST_KEY ?? "",
 * });
 * const client = new Client({ connection: await Connection.connect({ address: "temporal:7233" }), dataConverter });
 * const event = { id: "order-4711", type: "payments.invoice.paid", data: { total: "12.50" } };
 * const { workflow, options } = deliverEventStart(event);
 * await client.workflow.start(workflow, options);
 * ```
 * @module sealpost/client
 */
import { isUtf8 } from "node:buffer";
import { hash } from "node:crypto";
import { type DataConverter, METADATA_ENCODING_KEY, type Payload, type PayloadCodec } from "@temporalio/common";
import { request } from "undici";
import { newId } from "../store/ids.js";
import {
  type DeliverEventInput,
  MAX_EVENTS_PER_WORKFLOW,
  type PublishedEvent,
  TASK_QUEUE,
  WORKFLOW,
} from "../workflows/contract.js";
import { escapeEventId, EVENT_ID_CHARACTERS, isEventId, MAX_EVENT_ID } from "../workflows/event-id.js";

export {
  type DeliverEventInput,
  type EventBody,
  type PublishedEvent,
  TASK_QUEUE,
  WORKFLOW,
} from "../workflows/contract.js";

/**
 * An event as a provider has it. `data` is serialised once. Give `body` instead for bytes that are sent verbatim.
 * Without an `id` Sealpost makes one, and a repeated start is then another event. `groups` limits the event to these
 * groups.
 *
 * @example
 * ```ts
 * const asJson: ProviderEvent = { id: "order-4711", type: "payments.invoice.paid", data: { total: "12.50" } };
 * const body = Buffer.from("<invoice/>");
 * const asBytes: ProviderEvent = { type: "payments.invoice.paid", body, contentType: "application/xml" };
 * ```
 */
export type ProviderEvent = {
  /** 1 to 256 letters, digits and `_ - : . /`. */
  id?: string;
  /** Name of the event type. */
  type: string;
  /** Ids of the only groups that get the event. */
  groups?: string[];
} & (
  | {
      /** A value that JSON can hold. */
      data: unknown;
    }
  | {
      /** Bytes that are signed and sent as they are, at most 512 KiB. */
      body: Uint8Array;
      /** Media type of the bytes. */
      contentType: string;
    }
);

/** Above this Temporal refuses the start (2 MiB a payload after sealing and base64). */
const MAX_BODY_BYTES = 512 * 1024;

/**
 * The form in which an event travels. `deliverEventStart` calls it for each event.
 *
 * @throws TypeError for an id with characters other than letters, digits and `_ - : . /`, or a body above 512 KiB
 * @example
 * ```ts
 * // { text: '{"total":"12.50"}' }
 * publishedEvent({ id: "order-4711", type: "payments.invoice.paid", data: { total: "12.50" } }).body;
 * ```
 */
export function publishedEvent(event: ProviderEvent): PublishedEvent {
  if (event.id !== undefined && !isEventId(event.id))
    throw new TypeError(`An event id is 1 to ${MAX_EVENT_ID} of ${EVENT_ID_CHARACTERS}.`);
  const { bytes, contentType } =
    "body" in event
      ? { bytes: Buffer.from(event.body), contentType: event.contentType }
      : { bytes: Buffer.from(JSON.stringify(event.data), "utf8"), contentType: "application/json" };
  if (bytes.byteLength > MAX_BODY_BYTES)
    throw new TypeError(
      `The payload has ${bytes.byteLength} bytes; above ${MAX_BODY_BYTES} publish with POST /v1/events.`,
    );
  return {
    id: event.id ?? newId("evt"),
    type: event.type,
    contentType,
    acceptedAt: Date.now(),
    body: isUtf8(bytes) ? { text: bytes.toString("utf8") } : { base64: bytes.toString("base64") },
    sha256: hash("sha256", bytes, "base64url"),
    ...(event.groups && { groups: event.groups }),
  };
}

/**
 * What `client.workflow.start` takes to start `deliverEvent`.
 *
 * @example
 * ```ts
 * const event = { type: "payments.invoice.paid", data: { total: "12.50" } };
 * const { workflow, options }: DeliverEventStart = deliverEventStart(event);
 * ```
 */
export interface DeliverEventStart {
  /** Name of the workflow type. */
  workflow: string;
  /** Options of the start. More of them, such as a memo, may be added. */
  options: {
    /** The one input of the workflow. */
    args: [DeliverEventInput];
    /** The task queue that Sealpost's workers poll. */
    taskQueue: string;
    /** The event's id, escaped, or a new one for several events. */
    workflowId: string;
  };
}

/**
 * What to hand to `client.workflow.start`. With one event the workflow id is the event's id, escaped. While the
 * workflow runs, the engine refuses a second start of the same event. Afterwards a second start sends nothing, because
 * the event is on record.
 *
 * @param given 1 to 200 events
 * @throws TypeError for no event, more than 200, or an event that `publishedEvent` refuses
 * @example
 * ```ts
 * const event = { id: "order-4711", type: "payments.invoice.paid", data: { total: "12.50" } };
 * const { workflow, options } = deliverEventStart(event);
 * await client.workflow.start(workflow, options);
 * ```
 */
export function deliverEventStart(...given: ProviderEvent[]): DeliverEventStart {
  if (given.length === 0 || given.length > MAX_EVENTS_PER_WORKFLOW)
    throw new TypeError(`Give 1 to ${MAX_EVENTS_PER_WORKFLOW} events.`);
  const input: DeliverEventInput = { events: given.map(publishedEvent) };
  const [only] = input.events;
  return {
    workflow: WORKFLOW.deliverEvent,
    options: {
      args: [input],
      taskQueue: TASK_QUEUE,
      workflowId: only && given.length === 1 ? escapeEventId(only.id) : newId("batch"),
    },
  };
}

/**
 * Where payloads are sealed, and with which key.
 *
 * @example
 * ```ts
 * const apiKey = process.env.SEALPOST_KEY ?? "";
 * const options: RemoteCodecOptions = { codecUrl: "https://hooks.example.com/codec", apiKey };
 * ```
 */
export interface RemoteCodecOptions {
  /** Address of the API with `/codec`. */
  codecUrl: string;
  /** A provider key may encode. Decoding needs an operator or admin key. */
  apiKey: string;
}

/**
 * Seals payloads through the API, so that the provider holds no master key. Each call takes at most 10 s for the head
 * of the answer and 10 s between two parts of its body. Failures come back sealed, and reading them needs an operator
 * or admin key.
 *
 * @throws Error, out of the Temporal client's own call, when the API answers anything but 200. The message names the
 * status.
 * @example
 * ```ts
 * const dataConverter = remoteDataConverter({
 *   codecUrl: "https://hooks.example.com/codec",
 *   apiKey: process.env.SEALPOST_KEY ?? "",
 * });
 * const client = new Client({ connection, dataConverter });
 * ```
 */
export const remoteDataConverter = (options: RemoteCodecOptions): DataConverter => ({
  payloadCodecs: [new RemoteCodec(options)],
});

class RemoteCodec implements PayloadCodec {
  readonly #options: RemoteCodecOptions;
  constructor(options: RemoteCodecOptions) {
    this.#options = options;
  }
  encode(payloads: Payload[]): Promise<Payload[]> {
    return this.#call("encode", payloads);
  }
  async decode(payloads: Payload[]): Promise<Payload[]> {
    const sealed = payloads.some(
      ({ metadata }) => Buffer.from(metadata?.[METADATA_ENCODING_KEY] ?? "").toString() === "binary/encrypted",
    );
    return sealed ? this.#call("decode", payloads) : payloads;
  }
  async #call(direction: "encode" | "decode", payloads: Payload[]): Promise<Payload[]> {
    const { codecUrl, apiKey } = this.#options;
    const answer = await request(`${codecUrl.replace(/\/$/, "")}/${direction}`, {
      method: "POST",
      headersTimeout: 10_000,
      bodyTimeout: 10_000,
      headers: { authorization: `Bearer ${apiKey}`, "content-type": "application/json" },
      body: JSON.stringify({ payloads: payloads.map(toJson) }),
    });
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      throw new Error(
        `${codecUrl}/${direction} answered ${answer.statusCode}: ` +
          `${answer.statusCode === 403 ? "the key's role may not do that" : "check the address and the key"}.`,
      );
    }
    const { payloads: made } = (await answer.body.json()) as { payloads: JsonPayload[] };
    return made.map(fromJson);
  }
}

interface JsonPayload {
  metadata?: Record<string, string>;
  data?: string;
}
const base64 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
const toJson = ({ metadata, data }: Payload): JsonPayload => ({
  metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([key, value]) => [key, base64(value)])),
  data: base64(data ?? new Uint8Array()),
});
const fromJson = ({ metadata, data }: JsonPayload): Payload => ({
  metadata: Object.fromEntries(
    Object.entries(metadata ?? {}).map(([key, value]) => [key, Buffer.from(value, "base64")]),
  ),
  data: Buffer.from(data ?? "", "base64"),
});
