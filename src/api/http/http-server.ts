/** The HTTP server below the API: time-outs, caps, and problem documents for what never becomes a request. */
import http, { STATUS_CODES, type Server, type ServerResponse } from "node:http";
import type { Duplex } from "node:stream";
import { refuse, type Refusal } from "./errors.js";
import { PROBLEMS } from "./problem-codes.js";
import { sendAsset } from "../pages/assets.js";
import { sendRefusal, writtenRefusal } from "./respond.js";
import { SECURITY_HEADERS } from "./security-headers.js";
import { expectsContinue } from "./unread-body.js";

export interface HttpServerSettings {
  /** Connections at once. More are closed at once. */
  maxConnections?: number;
  headersTimeoutMs?: number;
  requestTimeoutMs?: number;
  /** How often the two time-outs are looked at. */
  checkIntervalMs?: number;
  /** Once it is aborted, every answer closes its connection. */
  closing?: AbortSignal;
}

/** Above the 60 s that load balancers keep an idle connection, so that it is they who close it. */
const KEEP_ALIVE_MS = 65_000;
/** A client that takes no byte of its answer for so long has gone. */
const IDLE_MS = 60_000;

/** A server that listens nowhere yet. Use it with `server.on("request", createApi(…))`. Until then it answers 503. */
export function createHttpServer(settings: HttpServerSettings = {}): Server {
  const {
    maxConnections = 4_096,
    headersTimeoutMs = 10_000,
    requestTimeoutMs = 30_000,
    checkIntervalMs = 1_000,
    closing,
  } = settings;
  const server = http.createServer({
    headersTimeout: headersTimeoutMs,
    requestTimeout: requestTimeoutMs,
    connectionsCheckingInterval: checkIntervalMs,
    keepAliveTimeout: KEEP_ALIVE_MS,
    maxHeaderSize: 16 * 1024,
    // The API answers a missing Host itself, with a problem document.
    requireHostHeader: false,
  });
  server.maxConnections = maxConnections;
  server.maxRequestsPerSocket = 10_000;
  server.timeout = IDLE_MS;
  // Above what the API allows (100), so that it sees and refuses what Node would otherwise drop without a word.
  server.maxHeadersCount = 128;
  if (closing) closeByAnswers(server, closing);
  const own = server.listenerCount("request") + 1;
  server.on("request", (request, response) => {
    if (server.listenerCount("request") === own && !sendAsset(response, request.url ?? ""))
      sendRefusal(response, refuse("not_ready", "The service is starting.", { retryAfterSeconds: 2 }));
  });
  // Who waits for leave to send a body is first told whether it may.
  server.on("checkContinue", (request, response) => {
    expectsContinue(request, response);
    server.emit("request", request, response);
  });
  server.on("checkExpectation", (_request, response) =>
    sendRefusal(response, refuse("expectation_failed", undefined, { headers: { connection: "close" } })),
  );
  server.on("connect", (_request, socket) => write(socket, NO_METHOD));
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    const answered =
      (socket as unknown as { _httpMessage?: { headersSent: boolean } | null })._httpMessage?.headersSent === true;
    if (!socket.writable || answered || error.code === "ECONNRESET") return void socket.destroy();
    write(socket, CLIENT_ERRORS[error.code ?? ""] ?? refuse("malformed_request"), acceptIn(error));
  });
  return server;
}

/** Ends connections by their next answer (RFC 9112, 9.6), so that no client sends a request into a closed one. */
function closeByAnswers(server: Server, closing: AbortSignal): void {
  const open = new Set<ServerResponse>();
  closing.addEventListener("abort", () => open.forEach((response) => (response.shouldKeepAlive = false)), {
    once: true,
  });
  server.on("request", (_request, response: ServerResponse) => {
    if (closing.aborted) response.shouldKeepAlive = false;
    else open.add(response.once("close", () => open.delete(response)));
  });
}

const NO_METHOD = refuse("method_not_allowed", undefined, {
  headers: { allow: "GET, HEAD, POST, PUT, PATCH, DELETE" },
});
const CLIENT_ERRORS: Readonly<Record<string, Refusal>> = {
  HPE_INVALID_METHOD: NO_METHOD,
  HPE_HEADER_OVERFLOW: refuse("headers_too_large"),
  ERR_HTTP_REQUEST_TIMEOUT: refuse("request_timeout"),
};

/** What of a packet is searched for its Accept header: Node reads that much at once. */
const SEARCHED_BYTES = 64 * 1024;

/**
 * The Accept header of a GET that could not be parsed, for instance because of too many cookies. A person may be
 * waiting for it.
 */
function acceptIn(error: Error & { rawPacket?: unknown }): string | undefined {
  const text = Buffer.isBuffer(error.rawPacket) ? error.rawPacket.toString("latin1", 0, SEARCHED_BYTES) : "";
  return text.startsWith("GET ") ? /\r\naccept:[ \t]*([^\r\n]{0,1024})/i.exec(text)?.[1] : undefined;
}

/** An answer on a connection that has no request object, and its end. */
function write(socket: Duplex, refusal: Refusal, accept?: string): void {
  const { status } = PROBLEMS[refusal.refused];
  const { body, headers: own } = writtenRefusal(refusal, { headers: { ...(accept !== undefined && { accept }) } });
  const headers = {
    ...SECURITY_HEADERS,
    ...own,
    "content-length": String(Buffer.byteLength(body)),
    connection: "close",
  };
  const head = Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join("");
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}\r\n${head}\r\n${body}`);
}
