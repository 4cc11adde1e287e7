/** Follows one request through undici, from its turn to its outcome. */
import type { Dispatcher } from "undici";
import type { Endpoint } from "./agents.js";
import type { Connection } from "./connector.js";
import {
  type Exchange,
  type ExchangeWatch,
  MAX_BODY_BYTES,
  type Observed,
  type SendRequest,
  type Timings,
} from "./exchange.js";
import { keepResponseHeaders } from "./http-headers.js";

const EMPTY = new Uint8Array(0);

/**
 * Thrown into undici when it comes to write a request that was given up: it drops the request and keeps the connection.
 */
const GIVEN_UP = Object.assign(new Error("The request was given up before it was written."), {
  code: "UND_ERR_ABORTED",
});

/** Follows one request. Settles once, whatever undici still reports afterwards. */
export class ExchangeHandler implements Dispatcher.DispatchHandler {
  readonly #endpoint: Endpoint;
  readonly #settle: (exchange: Exchange) => void;
  readonly #maxBodyBytes: number;
  readonly #maskHeader: ((value: string) => string) | undefined;
  readonly #watch: ExchangeWatch | undefined;
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
    { timeoutMs, signal, watch, maskHeader, maxBodyBytes = MAX_BODY_BYTES }: SendRequest,
    settle: (exchange: Exchange) => void,
  ) {
    this.#endpoint = endpoint;
    this.#settle = settle;
    this.#maxBodyBytes = maxBodyBytes;
    this.#maskHeader = maskHeader;
    this.#watch = watch;
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
    this.#watch?.left();
  }

  onResponseStarted(): void {
    this.#responseStarted = true;
    this.#watch?.answered();
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
