/**
 * Connections to endpoints: one undici pool per subscription and TLS identity. Pools are never shared between
 * subscriptions. undici resumes TLS sessions per connector by server name, and a resumed session carries the client
 * certificate of the one that opened it.
 */
import { type SecureContext, createSecureContext } from "node:tls";
import { Pool } from "undici";
import type { EndpointTls } from "../store/model.js";
import { type ConnectionTurns, createConnectionTurns } from "./connection-turns.js";
import type { ShownChain } from "./certificates/chain-recorder.js";
import { type Connecting, createConnector, type HandshakeChain, type SocketBudget } from "./connector.js";
import type { Guard } from "./target/guard.js";

/** Which endpoint a request goes to and as whom. */
export interface Identity {
  subscriptionId: string;
  url: string;
  tls?: EndpointTls;
  /** Changes whenever `url` or `tls` may have changed. Connections survive when they did not. */
  version: string | number;
}

export interface AgentsOptions {
  guard: Guard;
  /** Connections to one endpoint. By default 32. */
  connections?: number;
  /** Longest wait of a request for one of them, milliseconds. By default 15,000. */
  connectionWaitMs?: number;
  /** Sockets of the process to all endpoints together. By default 4,096. */
  maxSockets?: number;
  /** Endpoints whose connections are kept. By default 1,000, the one unused longest goes first. */
  maxEndpoints?: number;
  /** TCP and TLS handshake together, milliseconds. By default 10,000. undici looks about twice a second. */
  connectTimeoutMs?: number;
  /** Told of the certificates that endpoints show, at each handshake in which they do. */
  onChain?: (chain: ShownChain) => void;
}

/** A subscription's connections, as the sender uses them. */
export interface Endpoint extends Connecting {
  readonly pool: Pool;
  readonly path: string;
  /** A client certificate is configured. TLS 1.3 does not tell whether the server asked for it. */
  readonly clientCertificate: boolean;
  /** Requests that wait for a connection or use one. An endpoint with none may be closed to make room. */
  readonly turns: ConnectionTurns;
}

/** Why an endpoint cannot be used at all: our configuration, not the consumer's answer. */
export type IdentityFault = "target_refused" | "client_certificate_mismatch" | "client_certificate_invalid";

export interface Agents {
  acquire(identity: Identity): { ok: true; endpoint: Endpoint } | { ok: false; code: IdentityFault };
  /** Requests that come from now on open new connections. Those under way keep theirs. */
  drop(endpoint: Endpoint): void;
  /** Gives up what waits for a connection, and from now on whatever would have to wait (`interrupted`). */
  stopWaiting(): void;
  /** Sockets open or being opened. */
  sockets(): number;
  endpoints(): number;
  /** Waits for requests under way, then closes every connection. */
  close(): Promise<void>;
}

interface Entry extends Endpoint {
  identity: Identity;
}

/**
 * As long as a dispatch goes on beginning attempts (first-attempts.ts). An attempt has 10 s for a connection and 30 s
 * for the answer. So it still reports within the minute after which the engine takes its activity for lost.
 */
const CONNECTION_WAIT_MS = 15_000;
/**
 * Requests that wait for one endpoint: two minutes' worth for one that takes 5 s, and more than can be sent in time.
 */
const MAX_WAITING = 1_024;

const POOL_OPTIONS = {
  pipelining: 1,
  allowH2: false,
  /** undici fails with UND_ERR_HEADERS_OVERFLOW above. */
  maxHeaderSize: 16_384,
  /**
   * Below the 5 s after which Node and others close idle connections, so that few requests meet a connection being
   * closed.
   */
  keepAliveTimeout: 4_000,
  /**
   * A longer offer of the consumer is followed up to here. A connection outlives its DNS check by at most this idle
   * time.
   */
  keepAliveMaxTimeout: 60_000,
  /**
   * The sender holds one deadline over everything. These would only add cost (bodyTimeout starts anew with every byte).
   */
  headersTimeout: 0,
  bodyTimeout: 0,
} as const;

/** Keeps the connections of a process. */
export function createAgents(options: AgentsOptions): Agents {
  const { guard, connections = 32, maxSockets = 4_096, maxEndpoints = 1_000, connectTimeoutMs = 10_000 } = options;
  const { connectionWaitMs = CONNECTION_WAIT_MS, onChain } = options;
  /** In order of use, oldest first. */
  const entries = new Map<string, Entry>();
  const closing = new Map<Entry, Promise<void>>();
  let stopped = false;

  function retire(entry: Entry): void {
    if (entries.get(entry.identity.subscriptionId) === entry) entries.delete(entry.identity.subscriptionId);
    // undici takes nothing more once its pool is closed, and what waits for a turn has yet to be given to it.
    const { turns, pool } = entry;
    const closed = (turns.size === 0 ? pool.close() : turns.idle().then(() => pool.close()))
      .catch(() => undefined)
      .then(() => {
        // undici forgets clients that once failed to connect. Theirs are closed here.
        for (const socket of entry.sockets) socket.destroy();
        closing.delete(entry);
      });
    closing.set(entry, closed);
  }
  const budget = createBudget(maxSockets, () => {
    const idle = [...entries.values()].find((entry) => entry.turns.size === 0 && entry.sockets.size > 0);
    if (idle) retire(idle);
    return idle !== undefined;
  });
  const bounds = { connections, connectionWaitMs, connectTimeoutMs };
  const parts: Parts = { guard, ...bounds, budget, context: createContexts(), onChain };

  return {
    acquire(identity) {
      const known = entries.get(identity.subscriptionId);
      if (known && (isUnchanged(known.identity, identity) || sameConnection(known.identity, identity))) {
        known.identity = identity;
        entries.delete(identity.subscriptionId);
        entries.set(identity.subscriptionId, known);
        return { ok: true, endpoint: known };
      }
      if (known) retire(known);
      const opened = open(identity, parts);
      if (!opened.ok) return opened;
      if (stopped) opened.endpoint.turns.stop();
      const [oldest] = entries.values();
      if (oldest && entries.size >= maxEndpoints) retire(oldest);
      entries.set(identity.subscriptionId, opened.endpoint);
      return opened;
    },
    drop(endpoint) {
      for (const entry of entries.values()) if (entry === endpoint) return retire(entry);
    },
    stopWaiting() {
      stopped = true;
      for (const { turns } of [...entries.values(), ...closing.keys()]) turns.stop();
    },
    sockets: budget.open,
    endpoints: () => entries.size,
    async close() {
      for (const entry of [...entries.values()]) retire(entry);
      await Promise.all(closing.values());
    },
  };
}

/** @param makeRoom closes the idle connections of one endpoint. False when none has any */
function createBudget(maxSockets: number, makeRoom: () => boolean): SocketBudget & { open: () => number } {
  let sockets = 0;
  return {
    take() {
      if (sockets >= maxSockets && !makeRoom()) return false;
      sockets++;
      return true;
    },
    release: () => void sockets--,
    open: () => sockets,
  };
}

interface Parts {
  guard: Guard;
  connections: number;
  connectionWaitMs: number;
  connectTimeoutMs: number;
  budget: SocketBudget;
  context: (tls: EndpointTls | undefined) => ContextResult;
  onChain: AgentsOptions["onChain"];
}

function open(
  identity: Identity,
  { guard, connections, connectionWaitMs, connectTimeoutMs, budget, context, onChain }: Parts,
): { ok: true; endpoint: Entry } | { ok: false; code: IdentityFault } {
  const target = guard.checkUrl(identity.url);
  if (!target.ok) return { ok: false, code: "target_refused" };
  const { url } = target;
  const secure = url.protocol === "https:" ? context(identity.tls) : undefined;
  if (secure && !secure.ok) return secure;
  const state: Connecting = {
    resolving: 0,
    connecting: 0,
    fresh: undefined,
    tlsProtocol: undefined,
    sockets: new Set(),
  };
  const { subscriptionId } = identity;
  const shown = onChain && ((chain: HandshakeChain) => onChain({ ...chain, subscriptionId, host: url.host }));
  const secureContext = secure?.context;
  const connect = createConnector({ guard, url, state, budget, connectTimeoutMs, secureContext, shown });
  const clientCertificate = secure !== undefined && identity.tls?.clientCert !== undefined;
  const pool = new Pool(url.origin, { ...POOL_OPTIONS, connect, connections });
  const turns = createConnectionTurns({ connections, waitMs: connectionWaitMs, maxWaiting: MAX_WAITING });
  return {
    ok: true,
    endpoint: Object.assign(state, { identity, pool, path: url.pathname + url.search, clientCertificate, turns }),
  };
}

const isUnchanged = (a: Identity, b: Identity): boolean => a.version === b.version && a.url === b.url;

function sameConnection(a: Identity, b: Identity): boolean {
  return (
    a.url === b.url &&
    a.tls?.clientCert === b.tls?.clientCert &&
    a.tls?.clientKey === b.tls?.clientKey &&
    a.tls?.ca === b.tls?.ca &&
    a.tls?.minVersion === b.tls?.minVersion
  );
}

type ContextResult = { ok: true; context: SecureContext } | { ok: false; code: IdentityFault };

/**
 * Endpoints without certificates of their own share one context per TLS version: each would hold the public roots anew.
 */
function createContexts(): (tls: EndpointTls | undefined) => ContextResult {
  const shared = new Map<string, ContextResult>();
  return (tls) => {
    const minVersion = tls?.minVersion ?? "TLSv1.3";
    const own = tls?.clientCert !== undefined || tls?.clientKey !== undefined || tls?.ca !== undefined;
    const known = own ? undefined : shared.get(minVersion);
    if (known) return known;
    const made = secureContextFor(tls, minVersion);
    if (!own) shared.set(minVersion, made);
    return made;
  };
}

/** What a connection is secured with, or why it cannot be: our configuration. */
export function secureContextFor(tls: EndpointTls | undefined, minVersion: "TLSv1.2" | "TLSv1.3"): ContextResult {
  try {
    return {
      ok: true,
      context: createSecureContext({ minVersion, cert: tls?.clientCert, key: tls?.clientKey, ca: tls?.ca }),
    };
  } catch (error) {
    // Refused when a subscription is saved. Here it is older or damaged data.
    const mismatch = (error as NodeJS.ErrnoException).code === "ERR_OSSL_X509_KEY_VALUES_MISMATCH";
    return { ok: false, code: mismatch ? "client_certificate_mismatch" : "client_certificate_invalid" };
  }
}
