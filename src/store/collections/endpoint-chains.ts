/**
 * The certificates that each subscription's endpoint showed last. They name its hosts, so they are sealed under the
 * group's key. There is one row for each subscription, and it is written only when something has changed.
 */
import { Binary, type Collection } from "mongodb";
import { guarded } from "../mongo/driver-errors.js";
import type { CertificateFacts } from "../model.js";
import type { KeyScope, SealContext } from "../sealing/data-key.js";
import type { Keyring } from "../sealing/keyring.js";
import { StoreError } from "../store-error.js";

export interface EndpointChain {
  subscriptionId: string;
  groupId: string;
  /** Name or address and port of the URL that was called. */
  host: string;
  /** `TLSv1.3` or `TLSv1.2`. Absent where no connection was made. */
  tlsProtocol?: string;
  /** The connection was made. Otherwise the handshake failed, and the attempt says why. */
  accepted: boolean;
  /** In the order in which they were sent. At most five, each with bounded texts. */
  certificates: CertificateFacts[];
  /** Since when it shows these. */
  since: Date;
}

/** A chain at rest. */
export interface EndpointChainDocument {
  _id: string;
  groupId: string;
  since: Date;
  sealed: Binary;
}

export interface EndpointChainStore {
  /** Takes what the endpoint showed now. False when it showed the same before: nothing is written then. */
  record(chain: EndpointChain): Promise<boolean>;
  get(subscriptionId: string): Promise<EndpointChain | undefined>;
  delete(subscriptionId: string): Promise<void>;
}

type Sealed = Pick<EndpointChain, "host" | "tlsProtocol" | "accepted" | "certificates">;

const contextOf = (id: string, owner: KeyScope): SealContext => ({
  collection: "endpointChains",
  id,
  field: "sealed",
  owner,
});

export function createEndpointChainStore(
  collection: Collection<EndpointChainDocument>,
  keyring: Pick<Keyring, "scope" | "forSealed">,
): EndpointChainStore {
  async function get(subscriptionId: string): Promise<EndpointChain | undefined> {
    const document = await guarded((within) => collection.findOne({ _id: subscriptionId }, within));
    if (!document) return undefined;
    const { groupId, since, sealed } = document;
    const bytes = sealed.value();
    try {
      const plain = (await keyring.forSealed(bytes)).open(contextOf(subscriptionId, `group/${groupId}`), bytes);
      return { subscriptionId, groupId, since, ...(JSON.parse(Buffer.from(plain).toString("utf8")) as Sealed) };
    } catch (error) {
      // The group was erased.
      if (error instanceof StoreError && error.code === "key_destroyed") return undefined;
      throw error;
    }
  }
  return {
    get,
    async record({ subscriptionId, groupId, since, ...data }) {
      const before = await get(subscriptionId);
      if (before && sameChain(before, data)) return false;
      const scope: KeyScope = `group/${groupId}`;
      const key = await keyring.scope(scope);
      const sealed = new Binary(key.seal(contextOf(subscriptionId, scope), Buffer.from(JSON.stringify(data))));
      await guarded((within) =>
        collection.updateOne(
          { _id: subscriptionId },
          { $set: { groupId, since, sealed } },
          { ...within, upsert: true },
        ),
      );
      return true;
    },
    async delete(subscriptionId) {
      await guarded((within) => collection.deleteOne({ _id: subscriptionId }, within));
    },
  };
}

function sameChain(a: Sealed, b: Sealed): boolean {
  const textOf = ({ host, tlsProtocol, accepted, certificates }: Sealed): string =>
    JSON.stringify([host, tlsProtocol, accepted, ...certificates.map(({ sha256 }) => sha256)]);
  return textOf(a) === textOf(b);
}
