/**
 * Keeps what endpoints showed in their handshakes. A request on a connection that stands costs nothing here. A new
 * connection costs one comparison, and only a change is read out and written.
 */
import { LRUCache } from "lru-cache";
import type { CertificateFacts } from "../../store/model.js";
import type { EndpointChain, EndpointChainStore } from "../../store/collections/endpoint-chains.js";

/** What an endpoint showed in one handshake. */
export interface ShownChain {
  subscriptionId: string;
  host: string;
  tlsProtocol?: string;
  /** The connection was made. */
  accepted: boolean;
  /** SHA-256 of its own certificate, in whatever form. */
  leaf: string;
  /** Reads the chain out. To be called at once or never: the connection may be gone later. */
  certificates(): CertificateFacts[];
}

export interface ChainRecorderOptions {
  store: Pick<EndpointChainStore, "record">;
  /** Undefined for what is no subscription, such as an endpoint that gives tokens. */
  groupOf: (subscriptionId: string) => Promise<string | undefined>;
  onTrouble: (error: unknown) => void;
  /** Milliseconds since the epoch. */
  clock?: () => number;
}

export interface ChainRecorder {
  /** Never throws, and waits for nothing. */
  note(shown: ShownChain): void;
  /** Resolves when everything that was noted is written. */
  written(): Promise<void>;
}

/** Another process may have seen another certificate meanwhile, so what is known is written again after this time. */
const KNOWN_MS = 10 * 60_000;
/** Servers behind one name may show several certificates in turn. At most one change a minute is written. */
const REST_MS = 60_000;
/** Endpoints that are remembered. The one noted longest ago goes first. */
const MOST_KNOWN = 1_000;
/** Chains that wait to be written. Above that they are noted at a later handshake. */
const MOST_WAITING = 100;

interface Known {
  key: string;
  at: number;
}

export function createChainRecorder(options: ChainRecorderOptions): ChainRecorder {
  const { store, groupOf, onTrouble, clock = Date.now } = options;
  const known = new LRUCache<string, Known>({ max: MOST_KNOWN });
  let waiting = 0;
  let writing = Promise.resolve();

  /** One at a time, so that a start with many endpoints takes no connections from what delivers. */
  async function write(chain: Omit<EndpointChain, "groupId">): Promise<void> {
    try {
      const groupId = await groupOf(chain.subscriptionId);
      if (groupId !== undefined) await store.record({ ...chain, groupId });
    } catch (error) {
      known.delete(chain.subscriptionId);
      onTrouble(error);
    } finally {
      waiting--;
    }
  }
  return {
    note(shown) {
      const { subscriptionId, host, tlsProtocol, accepted, leaf } = shown;
      const key = `${host} ${tlsProtocol ?? ""} ${accepted} ${leaf}`;
      const before = known.peek(subscriptionId);
      const at = clock();
      if (before && at - before.at < (before.key === key ? KNOWN_MS : REST_MS)) return;
      if (waiting >= MOST_WAITING) return;
      const certificates = shown.certificates();
      if (certificates.length === 0) return;
      known.set(subscriptionId, { key, at });
      waiting++;
      const chain = { subscriptionId, host, accepted, certificates, since: new Date(at) };
      writing = writing.then(() => write({ ...chain, ...(tlsProtocol !== undefined && { tlsProtocol }) }));
    },
    written: () => writing,
  };
}
