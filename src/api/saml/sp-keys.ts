/**
 * Key pairs of this service towards an identity provider. They are made, rotated, chosen for signing and published
 * here.
 */
// tsyringe, below @peculiar/x509, needs it at import.
import "reflect-metadata";
import { webcrypto, X509Certificate } from "node:crypto";
import { PemConverter, X509CertificateGenerator } from "@peculiar/x509";
import { recordedAct } from "../../store/audit/acts.js";
import { liveSpKeys, MAX_SP_KEYS, type SamlConnection, type SpKey } from "../../store/collections/saml-connections.js";
import type { Store } from "../../store/store.js";
import { rotatedWith } from "../overlap.js";
import { DAY_MS } from "../../workflows/durations.js";

/**
 * 128 bits of security need this length (SP 800-57, table 2). Every identity provider supports RSA, but not every one
 * supports elliptic curves.
 */
const ALGORITHM = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 3_072,
  publicExponent: new Uint8Array([1, 0, 1]),
};
/**
 * The key counts by being in the metadata, not by its certificate's dates, but some providers look at them all the
 * same.
 */
const YEARS = 10;

/** A new pair with a self-signed certificate. Costs some 0.8 s of CPU in a thread of libuv. */
export async function newSpKey(connectionId: string, now = new Date()): Promise<SpKey> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ["sign", "verify"]);
  const notAfter = new Date(now);
  notAfter.setUTCFullYear(notAfter.getUTCFullYear() + YEARS);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [`Sealpost ${connectionId}`] }],
    keys,
    signingAlgorithm: ALGORITHM,
    notBefore: new Date(now.getTime() - DAY_MS),
    notAfter,
  });
  const pem = `${certificate.toString("pem")}\n`;
  const read = new X509Certificate(pem);
  return {
    fingerprint256: read.fingerprint256.replaceAll(":", "").toLowerCase(),
    certificate: pem,
    notAfter: new Date(read.validTo),
    privateKey: `${PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY")}\n`,
    createdAt: now,
  };
}

/**
 * The key that signs. It is the oldest valid one, because the identity provider may not have read about a newer one
 * yet.
 */
export const signingSpKey = (keys: readonly SpKey[] | undefined, now: Date): SpKey | undefined =>
  liveSpKeys(keys, now).at(-1);

/** The new key comes first. Earlier keys are valid until the overlap ends. Beyond three keys the oldest are dropped. */
export function rotatedSpKeys(keys: readonly SpKey[] | undefined, added: SpKey, overlapSeconds: number): SpKey[] {
  const now = added.createdAt;
  return rotatedWith(added, liveSpKeys(keys, now), { overlapSeconds, now, most: MAX_SP_KEYS });
}

type Stores = Pick<Store, "samlConnections" | "audit">;
const making = new Map<string, Promise<SamlConnection | undefined>>();

/**
 * The connection with a key pair. A connection from before there were key pairs gets its first one now, once over all
 * processes, and the audit records it. Everybody may read its metadata, so all requests that come at the same time wait
 * for the same pair. Undefined when the connection was deleted meanwhile.
 * @throws StoreError `unavailable`
 */
export async function withSpKey(store: Stores, connection: SamlConnection): Promise<SamlConnection | undefined> {
  if (liveSpKeys(connection.keys, new Date()).length > 0) return connection;
  const underWay =
    making.get(connection.id) ?? makeFirst(store, connection.id).finally(() => making.delete(connection.id));
  making.set(connection.id, underWay);
  return underWay;
}

async function makeFirst(store: Stores, id: string): Promise<SamlConnection | undefined> {
  const key = await newSpKey(id);
  let connection: SamlConnection | undefined;
  await recordedAct(
    store.audit,
    { actor: "service", subject: id, operation: "makeSamlKey", write: "samlConnections.update", target: id },
    async () => {
      connection = await store.samlConnections.update(id, (current) =>
        liveSpKeys(current.keys, new Date()).length > 0 ? current : { ...current, keys: [key] },
      );
      const made = connection?.keys?.some(({ fingerprint256 }) => fingerprint256 === key.fingerprint256);
      return made
        ? { action: "saml_connection.key", subject: id, detail: { certificate: key.fingerprint256 } }
        : undefined;
    },
  );
  return connection;
}
