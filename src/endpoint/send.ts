/**
 * One HTTP request to an address that somebody else chose: bounded in time, in bytes and in sockets, whatever the other
 * side does.
 */
import type { Dispatcher } from "undici";
import { type AgentsOptions, type Endpoint, type Identity, createAgents } from "./agents.js";
import type { Connection } from "./connector.js";
import { flattenHeaders, keepResponseHeaders } from "./http-headers.js";

export interface SendRequest {
  identity: Identity;
  /** Default POST. */
  method?: "POST" | "GET" | "OPTIONS";
  headers: Readonly<Record<string, string>>;
  /** Sent as it is. */
  body: Uint8Array;
  /** Deadline over everything: waiting for a connection, resolving, handshakes, request, response. */
  timeoutMs: number;
  /** Most bytes of the answer's body that are kept; default 16 KiB. */
  maxBodyBytes?: number;
  /** Makes of a header's value in the answer what may be kept of it, before it is cut. */
  maskHeader?: (value: string) => string;
  /** Gives up early (`interrupted`), for instance at shutdown. */
  signal?: AbortSignal;
}

/** Milliseconds; `dns` and `connect` (TCP and TLS) only when the request opened its connection. */
export type Timings = Record<string, number>;

interface Observed {
  durationMs: number;
  timings: Timings;
  /** The request was the first on its connection. */
  freshSocket: boolean;
  tlsProtocol?: string;
  /** One is configured and was offered; TLS 1.3 does not tell whether the server asked for it. */
  clientCertificateSent: boolean;
}

/** What came of a request. Never an exception: `classify` makes sense of it. */
export type Exchange =
  | (Observed & {
      kind: "response";
      status: number;
      /** Bounded in number and size; values of Set-Cookie are not kept. */
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
      /** More about it, in a sentence for the consumer that holds nothing secret. */
      said?: string;
    });

export interface Sender {
  /** Never rejects. */
  send(request: SendRequest): Promise<Exchange>;
  /** Sockets open or being opened. */
  sockets(): number;
  /** Waits for requests under way, then closes every connection. */
  close(): Promise<void>;
}

/** What is kept of an answer's body. */
export const MAX_BODY_BYTES = 16_384;
const EMPTY = new Uint8Array(0);

/**
 * The sender of a process. `dispatch` with a handler of our own instead of undici's `request`: `request` does not look
 * at its signal before a connection is made, so its deadline does not hold over connecting (api-request.js of 7.30). It
 * is also cheaper: 23 to 25 µs of CPU a request of 1 KB against 43 to 51 µs with `request` and AbortSignal.timeout (32
 * at a time to a local HTTP sink, Node 20, 2 cores).
 */
export function createSender(options: AgentsOptions): Sender {
  const agents = createAgents(options);
  return {
    sockets: () => agents.sockets(),
    close: () => agents.close(),
    send: (request) =>
      new Promise((settle) => {
        const headers = flattenHeaders(request.headers);
        if (!headers) return settle(notSent("request_invalid"));
        if (request.signal?.aborted) return settle(notSent("interrupted"));
        const acquired = agents.acquire(request.identity);
        if (!acquired.ok) return settle(notSent(acquired.code));
        const { endpoint } = acquired;
        const handler = new ExchangeHandler(endpoint, request, (exchange) => {
          // Not on this connection, says the endpoint, and perhaps on another (RFC 9110, 15.5.20).
          if (exchange.kind === "response" && exchange.status === 421) agents.drop(endpoint);
          settle(exchange);
        });
        endpoint.running++;
        const { method = "POST", body } = request;
        endpoint.pool.dispatch(
          { path: endpoint.path, method, headers, body: body.byteLength === 0 && method !== "POST" ? null : body },
          handler,
        );
      }),
  };
}

/** What never left this process, and why; `durationMs` is what was spent on it before. */
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

/**
 * Thrown into undici when it comes to write a request that was given up: it drops the request and keeps the connection.
 */
const GIVEN_UP = Object.assign(new Error("The request was given up before it was written."), {
  code: "UND_ERR_ABORTED",
});

/** Follows one request. Settles once, whatever undici still reports afterwards. */
class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #endpoint: Endpoint;
  readonly #settle: (exchange: Exchange) => void;
  readonly #maxBodyBytes: number;
  readonly #maskHeader: ((value: string) => string) | undefined;
  readonly #started = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #signal: AbortSignal | undefined;
  readonly #onAbort: (() => void) | undefined;
  #settled = false;
  #controller: Dispatcher.DispatchController | undefined;
  #connection: Connection | undefined;
  #responseStarted = false;
  #firstByte = 0;
  #status = 0;
  #headers: Record<string, string> = {};
  #chunks: Buffer[] | undefined;
  #size = 0;

  constructor(
    endpoint: Endpoint,
    { timeoutMs, signal, maskHeader, maxBodyBytes = MAX_BODY_BYTES }: SendRequest,
    settle: (exchange: Exchange) => void,
  ) {
    this.#endpoint = endpoint;
    this.#settle = settle;
    this.#maxBodyBytes = maxBodyBytes;
    this.#maskHeader = maskHeader;
    // One plain timer: timers of equal length share a list in node.
    this.#timer = setTimeout(onDeadline, timeoutMs, this);
    this.#signal = signal;
    if (!signal) return;
    this.#onAbort = () => this.giveUp("interrupted");
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settled) throw GIVEN_UP;
    this.#controller = controller;
    this.#connection = this.#endpoint.fresh;
  }

  onResponseStarted(): void {
    this.#responseStarted = true;
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: Record<string, string | string[] | undefined>,
  ): void {
    // 100 to 199 announce the answer, they are not it (most do not even come here, see informational.ts).
    if (status < 200) return;
    this.#firstByte = performance.now();
    this.#status = status;
    this.#headers = keepResponseHeaders(headers, this.#maskHeader);
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#settled) return;
    const room = this.#maxBodyBytes - this.#size;
    if (room > 0) {
      // A copy: the chunk is a view into the whole read buffer, which would stay in memory with it.
      (this.#chunks ??= []).push(Buffer.from(chunk.length > room ? chunk.subarray(0, room) : chunk));
      this.#size += Math.min(room, chunk.length);
    }
    if (chunk.length <= room) return;
    this.#respond(true);
    controller.abort(GIVEN_UP);
  }

  onResponseEnd(): void {
    this.#respond(false);
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    // Once there is a status it stands: failing a 2xx for its body would only send the event twice.
    if (this.#status !== 0) this.#respond(true);
    else this.#fail((error as NodeJS.ErrnoException).code ?? error.name, this.#controller ? "request" : "connect");
  }

  /** Ends the exchange now, with the status when there is one, and frees the connection. */
  giveUp(error: string): void {
    if (this.#settled) return;
    if (this.#status !== 0) this.#respond(true);
    else this.#fail(error, this.#controller ? "request" : "connect");
    this.#controller?.abort(GIVEN_UP);
  }

  deadline(): void {
    const { resolving, connecting } = this.#endpoint;
    this.giveUp(
      this.#controller
        ? "timeout_headers"
        : resolving > 0
          ? "dns_timeout"
          : connecting > 0
            ? "timeout_connect"
            : "timeout_total",
    );
  }

  #respond(truncated: boolean): void {
    if (this.#settled) return;
    const body =
      this.#chunks === undefined
        ? EMPTY
        : this.#chunks.length === 1
          ? (this.#chunks[0] as Buffer)
          : Buffer.concat(this.#chunks);
    this.#finish({
      kind: "response",
      status: this.#status,
      headers: this.#headers,
      body,
      truncated,
      ...this.#observe(),
    });
  }

  #fail(error: string, phase: "connect" | "request"): void {
    if (this.#settled) return;
    this.#finish({ kind: "failure", error, phase, responseStarted: this.#responseStarted, ...this.#observe() });
  }

  #finish(exchange: Exchange): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    if (this.#onAbort) this.#signal?.removeEventListener("abort", this.#onAbort);
    this.#endpoint.running--;
    this.#settle(exchange);
  }

  #observe(): Observed {
    const durationMs = performance.now() - this.#started;
    const connection = this.#connection;
    const tlsProtocol = connection?.tlsProtocol ?? this.#endpoint.tlsProtocol;
    const timings: Timings = { total: tenths(durationMs) };
    if (this.#firstByte !== 0) timings.firstByte = tenths(this.#firstByte - this.#started);
    if (connection) {
      timings.dns = tenths(connection.dnsMs);
      timings.connect = tenths(connection.connectMs);
    }
    return {
      durationMs,
      timings,
      freshSocket: connection !== undefined,
      clientCertificateSent: this.#endpoint.clientCertificate,
      ...(tlsProtocol && { tlsProtocol }),
    };
  }
}

const onDeadline = (handler: ExchangeHandler): void => handler.deadline();
const tenths = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
