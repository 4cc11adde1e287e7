/** Watches how a connection is made: how long each step takes, and which certificates the endpoint shows. */
import type { X509Certificate } from "node:crypto";
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import type { CertificateFacts } from "../../store/model.js";
import { factsOf } from "../certificates/certificate-facts.js";

/** How long each step took, milliseconds. A step that was not reached is absent. */
export interface ConnectionTimes {
  dnsMs?: number;
  /** TCP alone. */
  connectMs?: number;
  /** The handshake. Plain HTTP has none. */
  tlsMs?: number;
}

/** How far a connection came that was not made. The last step is the one that failed. */
export interface FailedConnection extends ConnectionTimes {
  certificates?: CertificateFacts[];
}

export interface Handshake {
  /** To be called once, when the connection is made or has failed. */
  end(): Omit<FailedConnection, "dnsMs">;
}

/** Certificates of a chain that are kept. The longest chains in use have four. */
const MAX_CERTIFICATES = 5;

/**
 * Watches a socket that is about to connect. undici returns it, which its types do not say. Without it nothing is
 * learnt, and everything else works.
 *
 * The certificates of a handshake that fails must be read before node closes the connection. Node does that by
 * `destroy`, and tells nobody before. So `destroy` is the place. Nothing is read of a connection that is made.
 */
export function watchHandshake(socket: unknown): Handshake {
  if (!(socket instanceof Socket)) return { end: () => ({}) };
  const began = performance.now();
  let connected: number | undefined;
  let certificates: CertificateFacts[] | undefined;
  socket.once("connect", () => (connected = performance.now()));
  if (socket instanceof TLSSocket) {
    const destroy = socket.destroy.bind(socket);
    socket.destroy = (error) => {
      certificates ??= shownCertificates(socket);
      return destroy(error);
    };
  }
  return {
    end() {
      Reflect.deleteProperty(socket, "destroy");
      const ended = performance.now();
      return {
        connectMs: (connected ?? ended) - began,
        ...(connected !== undefined && socket instanceof TLSSocket && { tlsMs: ended - connected }),
        ...(certificates && certificates.length > 0 && { certificates }),
      };
    },
  };
}

/**
 * What an endpoint showed in its handshake, in the order in which it was sent. To be called once for a socket: node
 * takes the first certificate off the connection's chain with each call of `getPeerX509Certificate`.
 */
export const shownCertificates = (socket: TLSSocket): CertificateFacts[] => chainFrom(socket.getPeerX509Certificate());

/** The certificate and those that issued it, one after the other. At most five. */
export function chainFrom(first: X509Certificate | undefined): CertificateFacts[] {
  const found = new Map<string, CertificateFacts>();
  try {
    let next = first;
    while (next && found.size < MAX_CERTIFICATES) {
      const facts = factsOf(next);
      if (found.has(facts.sha256)) break;
      found.set(facts.sha256, facts);
      next = next.issuerCertificate;
    }
  } catch {
    // One of them cannot be read. Those before it stand.
  }
  return [...found.values()];
}

const failures = new WeakMap<Error, FailedConnection>();

/** Notes with the error how far the connection came. undici hands the same error to the request. */
export function noteFailure(error: Error, failed: FailedConnection): Error {
  failures.set(error, failed);
  return error;
}

/** How far the connection came whose error this is. */
export const failedConnection = (error: Error): FailedConnection | undefined => failures.get(error);
