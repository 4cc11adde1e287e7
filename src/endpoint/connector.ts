/** How a connection to an endpoint is opened: to addresses that the guard has just checked, and to no others. */
import { type LookupAddress } from "node:dns";
import { type LookupFunction, type Socket, isIP } from "node:net";
import { type SecureContext, TLSSocket } from "node:tls";
import { buildConnector } from "undici";
import type { Guard, ResolutionCode } from "./target/guard.js";
import type { CertificateFacts } from "../store/model.js";
import type { ShownChain } from "./certificates/chain-recorder.js";
import { chainFrom, type ConnectionTimes, noteFailure, watchHandshake } from "./connection/handshake.js";
import { skipInformational } from "./connection/informational.js";

/** What was learnt while a connection was made. */
export interface Connection extends ConnectionTimes {
  tlsProtocol?: string;
}

/** Connections of one endpoint that are being made or were made. */
export interface Connecting {
  /** Being resolved, being opened. */
  resolving: number;
  connecting: number;
  /** Set only while a new connection is handed to undici, which writes the first request on it within that call. */
  fresh: Connection | undefined;
  /** Of the connection made last. */
  tlsProtocol: string | undefined;
  readonly sockets: Set<Socket>;
}

/** Sockets of the whole process. */
export interface SocketBudget {
  /** Counts one in, and closes idle ones of other endpoints when there are too many. False when none can be had. */
  take(): boolean;
  release(): void;
}

/** A connection that was not made, by our own decision. */
export class ConnectionRefusal extends Error {
  readonly code: ResolutionCode | "sockets_exhausted";
  constructor(code: ConnectionRefusal["code"]) {
    super(`No connection was made: ${code}.`);
    this.name = "ConnectionRefusal";
    this.code = code;
  }
}

interface ConnectorOptions {
  guard: Guard;
  url: URL;
  state: Connecting;
  budget: SocketBudget;
  connectTimeoutMs: number;
  secureContext: SecureContext | undefined;
  /** Told of the certificates that the endpoint shows, at each handshake in which it does. */
  shown?: ((chain: HandshakeChain) => void) | undefined;
}

/** What an endpoint showed in one handshake. */
export type HandshakeChain = Omit<ShownChain, "subscriptionId" | "host">;

/**
 * The connector of one endpoint. The name is resolved once, and what node would look up is answered from the checked
 * list. `url` must come from the guard. No proxy is ever used, whatever the environment says.
 */
export function createConnector({
  guard,
  url,
  state,
  budget,
  connectTimeoutMs,
  secureContext,
  shown,
}: ConnectorOptions): buildConnector.connector {
  let pinned: LookupAddress[] = [];
  const lookup: LookupFunction = (_host, options, answer) => {
    const [first] = pinned;
    if (!first) answer(new ConnectionRefusal("dns_not_found"), "", 0);
    else if (options.all) answer(null, pinned);
    else answer(null, first.address, first.family);
  };
  const connect: Connect = buildConnector({
    lookup,
    timeout: connectTimeoutMs,
    maxCachedSessions: 1,
    allowH2: false,
    rejectUnauthorized: true,
    ...(secureContext && { secureContext, ...(isName(url) && { servername: url.hostname }) }),
  });

  return (options, callback) => {
    if (!budget.take()) return queueMicrotask(() => callback(new ConnectionRefusal("sockets_exhausted"), null));
    const started = performance.now();
    const fail = (error: Error): void => {
      budget.release();
      callback(error, null);
    };
    state.resolving++;
    void guard.resolve(url).then((answer) => {
      state.resolving--;
      const dnsMs = performance.now() - started;
      if (!answer.ok) return fail(noteFailure(new ConnectionRefusal(answer.code), { dnsMs }));
      pinned = answer.addresses;
      state.connecting++;
      const handshake = watchHandshake(
        connect(options, (error, socket) => {
          state.connecting--;
          const { certificates, ...times } = handshake.end();
          if (error && certificates) showRefused(certificates, shown);
          if (error) return fail(noteFailure(error, { dnsMs, ...times, ...(certificates && { certificates }) }));
          if (!guard.allowsPeer(url, socket.remoteAddress)) return fail(turnedAway(socket));
          keep(socket, { state, budget });
          if (shown) showAccepted(socket, shown);
          state.fresh = { dnsMs, ...times, ...(state.tlsProtocol && { tlsProtocol: state.tlsProtocol }) };
          callback(null, socket);
          state.fresh = undefined;
        }),
      );
    });
  };
}

/** A resumed session shows no certificate. */
function showAccepted(socket: Socket, shown: (chain: HandshakeChain) => void): void {
  if (!(socket instanceof TLSSocket) || socket.isSessionReused()) return;
  const own = socket.getPeerX509Certificate();
  const tlsProtocol = tlsProtocolOf(socket);
  if (own)
    shown({
      ...(tlsProtocol !== undefined && { tlsProtocol }),
      accepted: true,
      leaf: own.fingerprint256,
      certificates: () => chainFrom(own),
    });
}

/** What was shown in a handshake that failed has been read already. */
function showRefused(certificates: CertificateFacts[], shown: ConnectorOptions["shown"]): void {
  const [first] = certificates;
  if (first) shown?.({ accepted: false, leaf: first.sha256, certificates: () => certificates });
}

/** Counts the connection among those of the endpoint until it is closed. */
function keep(socket: Socket, { state, budget }: Pick<ConnectorOptions, "state" | "budget">): void {
  state.sockets.add(socket);
  socket.once("close", () => {
    state.sockets.delete(socket);
    budget.release();
  });
  state.tlsProtocol = tlsProtocolOf(socket);
  skipInformational(socket);
}

/** As undici makes it. It also returns the socket, which its types do not say. */
type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => unknown;

/** Closes a connection whose other end is not allowed, and gives the error that says so. */
function turnedAway(socket: Socket): Error {
  // Gone already when there is no address any more. Otherwise another address answered than was asked.
  const gone = socket.remoteAddress === undefined;
  socket.destroy();
  return gone
    ? Object.assign(new Error("The connection was closed at once."), { code: "ECONNRESET" })
    : new ConnectionRefusal("destination_blocked");
}

const isName = ({ hostname }: URL): boolean => isIP(hostname.replace(/^\[|\]$/g, "")) === 0;

const tlsProtocolOf = (socket: Socket): string | undefined =>
  (socket instanceof TLSSocket && socket.getProtocol()) || undefined;
