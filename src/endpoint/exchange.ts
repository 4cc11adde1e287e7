/** One request to an endpoint, and what came of it. */
import type { AttemptTimings, CertificateFacts } from "../store/model.js";
import type { Identity } from "./agents.js";

export interface SendRequest {
  identity: Identity;
  /** Default POST. */
  method?: "POST" | "GET" | "OPTIONS";
  headers: Readonly<Record<string, string>>;
  /** Sent as it is. */
  body: Uint8Array;
  /**
   * What the endpoint gets, milliseconds: once for resolving and handshakes, and anew from when the request leaves
   * until its answer is complete. Waiting for one of our own connections does not count, nor do stalls of our event
   * loop.
   */
  timeoutMs: number;
  /** Most bytes of the answer's body that are kept. By default 16 KiB. */
  maxBodyBytes?: number;
  /** Makes of a header's value in the answer what may be kept of it, before it is cut. */
  maskHeader?: (value: string) => string;
  /** Gives up early (`interrupted`), for instance at shutdown. */
  signal?: AbortSignal;
  /** Told when the request leaves and when its answer begins. */
  watch?: ExchangeWatch;
}

/** What an endpoint's own time is measured by. Either may never come. */
export interface ExchangeWatch {
  /** The first byte of the request is about to be written: it waits for no connection any more. */
  left(): void;
  /** The first byte of the answer was read. */
  answered(): void;
}

export interface Observed {
  /** From the request's turn at a connection to its end: what it waited for the turn is not in it. */
  durationMs: number;
  timings: AttemptTimings;
  /** The request was the first on its connection. */
  freshSocket: boolean;
  tlsProtocol?: string;
  /** One is configured and was offered. TLS 1.3 does not tell whether the server asked for it. */
  clientCertificateSent: boolean;
}

/** What came of a request. Never an exception: `classify` makes sense of it. */
export type Exchange =
  | (Observed & {
      kind: "response";
      status: number;
      /** Bounded in number and size. Values of Set-Cookie are not kept. */
      headers: Record<string, string>;
      /** First `maxBodyBytes`, as received: nothing is decoded. */
      body: Uint8Array;
      /** There was more, or it broke off. */
      truncated: boolean;
    })
  | (Observed & {
      kind: "failure";
      /** Code of the failure: of node, OpenSSL, undici, or one of our own. */
      error: string;
      /** How far it got: `connect` covers resolving and handshakes. */
      phase: "configure" | "connect" | "request";
      /** At least one byte of a response came. */
      responseStarted: boolean;
      /** What the endpoint showed in the handshake, where that failed. */
      certificates?: CertificateFacts[];
      /** More about it, in a sentence for the consumer that holds nothing secret. */
      said?: string;
      /** How long a server that is needed for the request asks to be left alone, milliseconds. */
      askedWaitMs?: number;
    });

/** What is kept of an answer's body. */
export const MAX_BODY_BYTES = 16_384;

/** What never left this process, and why. `durationMs` is what was spent on it before. */
export const notSent = (
  error: Extract<Exchange, { kind: "failure" }>["error"],
  durationMs = 0,
): Extract<Exchange, { kind: "failure" }> => ({
  kind: "failure",
  error,
  phase: "configure",
  responseStarted: false,
  durationMs,
  timings: {},
  freshSocket: false,
  clientCertificateSent: false,
});
