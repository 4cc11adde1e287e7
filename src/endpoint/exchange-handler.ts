/** Follows one request through undici, from its turn to its outcome. */
import type { Dispatcher } from "undici";
import type { Endpoint } from "./agents.js";
import type { Waiter } from "./connection-turns.js";
import type { AttemptTimings } from "../store/model.js";
import type { Connection } from "./connector.js";
import { type Exchange, MAX_BODY_BYTES, type Observed, type SendRequest } from "./exchange.js";
import { type ConnectionTimes, type FailedConnection, failedConnection } from "./connection/handshake.js";
import { keepResponseHeaders } from "./http-headers.js";
import type { LoopWatch } from "./loop-watch.js";

const EMPTY = new Uint8Array(0);

/**
 * Thrown into undici when it comes to write a request that was given up. undici then drops the request and keeps the
 * connection.
 */
const GIVEN_UP = Object.assign(new Error("The request was given up before it was written."), {
  code: "UND_ERR_ABORTED",
});

/** Stalls of our own are added to a deadline, up to this many times its length. Past that we say that we failed. */
const MOST_TIMES_STALLED = 2;

interface HandlerParts {
  endpoint: Endpoint;
  request: SendRequest;
  loop: LoopWatch;
  /** Hands the request to undici. */
  dispatch: (handler: ExchangeHandler) => void;
  settle: (exchange: Exchange) => void;
}

/** Follows one request. Settles once, whatever undici still reports afterwards. */
export class ExchangeHandler implements Dispatcher.DispatchHandler, Waiter {
  readonly #endpoint: Endpoint;
  readonly #request: SendRequest;
  readonly #loop: LoopWatch;
  readonly #dispatch: (handler: ExchangeHandler) => void;
  readonly #settle: (exchange: Exchange) => void;
  readonly #maxBodyBytes: number;
  readonly #entered = performance.now();
  readonly #onAbort: (() => void) | undefined;
  /** When its turn came. */
  #began: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** When the present deadline began to count: in plain time, and without stalls. */
  #countedFrom = 0;
  #attendedFrom = 0;
  #settled = false;
  #controller: Dispatcher.DispatchController | undefined;
  #connection: Connection | undefined;
  #responseStarted = false;
  #firstByte = 0;
  #status = 0;
  #headers: Record<string, string> = {};
  #chunks: Buffer[] | undefined;
  #size = 0;

  constructor({ endpoint, request, loop, dispatch, settle }: HandlerParts) {
    this.#endpoint = endpoint;
    this.#request = request;
    this.#loop = loop;
    this.#dispatch = dispatch;
    this.#settle = settle;
    this.#maxBodyBytes = request.maxBodyBytes ?? MAX_BODY_BYTES;
    if (!request.signal) return;
    this.#onAbort = () => this.giveUp("interrupted");
    request.signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  /** Its turn has come. Only now its time begins, for a connection first. */
  begin(): void {
    this.#began = performance.now();
    this.#count();
    this.#dispatch(this);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#settled) throw GIVEN_UP;
    this.#controller = controller;
    this.#connection = this.#endpoint.fresh;
    this.#count();
    this.#request.watch?.left();
  }

  onResponseStarted(): void {
    this.#responseStarted = true;
    this.#request.watch?.answered();
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
    this.#headers = keepResponseHeaders(headers, this.#request.maskHeader);
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
    else this.#fail((error as NodeJS.ErrnoException).code ?? error.name, failedConnection(error));
  }

  /** Ends the exchange now, with the status when there is one, and frees the connection. */
  giveUp(error: string): void {
    if (this.#settled) return;
    if (this.#status !== 0) this.#respond(true);
    else this.#fail(error);
    this.#controller?.abort(GIVEN_UP);
  }

  deadline(): void {
    if (this.#isStalled()) return;
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

  /** The deadline counts from now on. One plain timer at a time: timers of equal length share a list in node. */
  #count(): void {
    this.#countedFrom = performance.now();
    this.#attendedFrom = this.#loop.attended();
    clearTimeout(this.#timer);
    this.#timer = setTimeout(onDeadline, this.#request.timeoutMs, this);
  }

  /**
   * Whether our own event loop took a part of the time. If so, the endpoint gets as much again, or we say that we
   * failed.
   */
  #isStalled(): boolean {
    const { timeoutMs } = this.#request;
    const owedMs = this.#attendedFrom + timeoutMs - this.#loop.attended();
    // Timers of node may be a millisecond early.
    if (owedMs < 2) return false;
    const over = performance.now() - this.#countedFrom > (1 + MOST_TIMES_STALLED) * timeoutMs;
    if (over) this.giveUp("interrupted");
    else this.#timer = setTimeout(onDeadline, owedMs, this);
    return true;
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

  /** `failed`: how far the connection came that was being made for the request. */
  #fail(error: string, failed?: FailedConnection): void {
    if (this.#settled) return;
    const phase = this.#began === undefined ? "configure" : this.#controller ? "request" : "connect";
    const { certificates, ...reached } = (phase === "connect" && failed) || {};
    const { timings, ...observed } = this.#observe();
    this.#finish({
      kind: "failure",
      error,
      phase,
      responseStarted: this.#responseStarted,
      ...observed,
      timings: { ...timings, ...connectionTimings(reached) },
      ...(certificates && certificates.length > 0 && { certificates }),
    });
  }

  #finish(exchange: Exchange): void {
    this.#settled = true;
    clearTimeout(this.#timer);
    if (this.#onAbort) this.#request.signal?.removeEventListener("abort", this.#onAbort);
    this.#endpoint.turns.leave(this);
    this.#settle(exchange);
  }

  /** What was waited for a turn is our own doing: it is told apart from the duration. */
  #observe(): Observed {
    const now = performance.now();
    const began = this.#began ?? now;
    const [durationMs, waitedMs] = [now - began, began - this.#entered];
    const connection = this.#connection;
    const tlsProtocol = connection?.tlsProtocol ?? this.#endpoint.tlsProtocol;
    const timings: AttemptTimings = { total: tenths(durationMs), ...connectionTimings(connection ?? {}) };
    if (waitedMs >= 0.1) timings.waited = tenths(waitedMs);
    if (this.#firstByte !== 0) timings.firstByte = tenths(this.#firstByte - began);
    return {
      durationMs,
      timings,
      freshSocket: connection !== undefined,
      clientCertificateSent: this.#endpoint.clientCertificate,
      ...(tlsProtocol && { tlsProtocol }),
    };
  }
}

const connectionTimings = ({
  dnsMs,
  connectMs,
  tlsMs,
}: ConnectionTimes): Pick<AttemptTimings, "dns" | "connect" | "tls"> => ({
  ...(dnsMs !== undefined && { dns: tenths(dnsMs) }),
  ...(connectMs !== undefined && { connect: tenths(connectMs) }),
  ...(tlsMs !== undefined && { tls: tenths(tlsMs) }),
});

const onDeadline = (handler: ExchangeHandler): void => handler.deadline();
const tenths = (milliseconds: number): number => Math.round(milliseconds * 10) / 10;
