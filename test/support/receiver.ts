/** A well-behaved consumer endpoint: a real HTTP(S) server that remembers what it got. */
import http from "node:http";
import https from "node:https";
import type { AddressInfo } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import type { TLSSocket } from "node:tls";

export interface ReceivedRequest {
  method: string;
  path: string;
  headers: http.IncomingHttpHeaders;
  /** The bytes as they came. */
  body: Buffer;
  /** Milliseconds since the epoch, when the body was complete. */
  at: number;
  /** Number of this request at this receiver, from 1. */
  number: number;
  tlsProtocol?: string;
  /** Of a client certificate that verified against `clientCa`. */
  clientCertificate?: { commonName: string; fingerprint256: string };
}

export interface ReceiverResponse {
  status: number;
  headers?: Record<string, string>;
  body?: string | Uint8Array;
  /** Waited before the answer. */
  delayMs?: number;
}

export interface ReceiverOptions {
  tls?: {
    cert: string;
    key: string;
    /** Asks for a client certificate of this authority. */
    clientCa?: string;
    /** Refuses the connection without one. By default true when `clientCa` is given. */
    requireClientCertificate?: boolean;
    minVersion?: "TLSv1.2" | "TLSv1.3";
    maxVersion?: "TLSv1.2" | "TLSv1.3";
  };
  /** Default: 204. May be replaced while running through `Receiver.respond`. */
  respond?: (request: ReceivedRequest) => ReceiverResponse | Promise<ReceiverResponse>;
  /** 0 (default) takes a free port. A number lets a test restart the same endpoint. */
  port?: number;
}

export interface Receiver {
  /** `http://127.0.0.1:<port>/hook`, with TLS `https://localhost:<port>/hook`. */
  url: string;
  port: number;
  /** In order of arrival. Clear it with `requests.length = 0`. */
  requests: ReceivedRequest[];
  /** TCP connections accepted so far. */
  connections: number;
  respond: (request: ReceivedRequest) => ReceiverResponse | Promise<ReceiverResponse>;
  /**
   * Resolves with all requests once there are so many, or once the predicate holds for one of them.
   * Rejects after `timeoutMs` (default 30,000).
   */
  waitFor(condition: number | ((request: ReceivedRequest) => boolean), timeoutMs?: number): Promise<ReceivedRequest[]>;
  close(): Promise<void>;
}

/** Starts a receiver on 127.0.0.1. */
export async function startReceiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const waiting = new Set<() => void>();
  const listener = (request: http.IncomingMessage, response: http.ServerResponse): void => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const received = describe(request, Buffer.concat(chunks), receiver.requests.length + 1);
      receiver.requests.push(received);
      for (const check of [...waiting]) check();
      void answer(response, received, receiver.respond);
    });
    request.on("error", () => undefined);
  };
  const server = options.tls ? https.createServer(tlsOptions(options.tls), listener) : http.createServer(listener);
  // Longer than any sender keeps a connection, so that no test meets the race between a request and an idle close.
  server.keepAliveTimeout = 120_000;
  server.on("connection", () => receiver.connections++);
  await new Promise<void>((resolve, reject) =>
    server.once("error", reject).listen(options.port ?? 0, "127.0.0.1", resolve),
  );
  const { port } = server.address() as AddressInfo;

  const receiver: Receiver = {
    url: options.tls ? `https://localhost:${port}/hook` : `http://127.0.0.1:${port}/hook`,
    port,
    requests: [],
    connections: 0,
    respond: options.respond ?? (() => ({ status: 204 })),
    waitFor: (condition, timeoutMs = 30_000) =>
      new Promise((resolve, reject) => {
        const holds = () =>
          typeof condition === "number" ? receiver.requests.length >= condition : receiver.requests.some(condition);
        const timer = setTimeout(() => {
          waiting.delete(check);
          reject(
            new Error(`The receiver waited ${timeoutMs} ms in vain; it got ${receiver.requests.length} requests.`),
          );
        }, timeoutMs);
        const check = () => {
          if (!holds()) return;
          clearTimeout(timer);
          waiting.delete(check);
          resolve(receiver.requests);
        };
        waiting.add(check);
        check();
      }),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
  return receiver;
}

function tlsOptions(tls: NonNullable<ReceiverOptions["tls"]>): https.ServerOptions {
  return {
    cert: tls.cert,
    key: tls.key,
    ...(tls.clientCa === undefined
      ? {}
      : { ca: tls.clientCa, requestCert: true, rejectUnauthorized: tls.requireClientCertificate ?? true }),
    ...(tls.minVersion === undefined ? {} : { minVersion: tls.minVersion }),
    ...(tls.maxVersion === undefined ? {} : { maxVersion: tls.maxVersion }),
  };
}

function describe(request: http.IncomingMessage, body: Buffer, number: number): ReceivedRequest {
  const received: ReceivedRequest = {
    method: request.method ?? "",
    path: request.url ?? "",
    headers: request.headers,
    body,
    at: Date.now(),
    number,
  };
  if (!("getPeerCertificate" in request.socket)) return received;
  const socket = request.socket as TLSSocket;
  const protocol = socket.getProtocol();
  if (protocol !== null) received.tlsProtocol = protocol;
  if (socket.authorized) {
    const certificate = socket.getPeerCertificate();
    const commonName = certificate.subject?.CN;
    received.clientCertificate = {
      commonName: Array.isArray(commonName) ? commonName.join(",") : (commonName ?? ""),
      fingerprint256: certificate.fingerprint256,
    };
  }
  return received;
}

async function answer(
  response: http.ServerResponse,
  received: ReceivedRequest,
  respond: Receiver["respond"],
): Promise<void> {
  const { status, headers, body, delayMs } = await respond(received);
  if (delayMs) await delay(delayMs);
  response.writeHead(status, headers);
  response.end(body);
}
