/** How each catalogue object lies in its collection. */
import { Binary } from "mongodb";
import type { CatalogueDocument, Layout } from "./catalogue-collection.js";
import type { Keyring, KeyScope, SealContext } from "./keyring.js";
import type { Api, ApiKey, EndpointAuth, EventType, Group, SigningSecret, Subscription } from "./model.js";

/** Layout of an object that holds no secret: its fields as they are. */
function plainLayout<T extends { id: string; createdAt: Date }>(): Layout<T> {
  return {
    toDocument: async ({ id, ...fields }) => ({ ...fields, _id: id }),
    toItem: async (document) => fieldsOf<T>(document),
  };
}

export const apiLayout: Layout<Api> = plainLayout<Api>();
export const groupLayout: Layout<Group> = plainLayout<Group>();

/** The name is the id. The schema is kept as text: the stand-in refuses field names like `$ref`. */
export const eventTypeLayout: Layout<EventType> = {
  toDocument: async ({ name, schema, ...fields }) => ({ ...fields, _id: name, ...(schema && { schema: JSON.stringify(schema) }) }),
  async toItem(document) {
    const { id, schema, ...fields } = fieldsOf<Omit<EventType, "name" | "schema"> & { id: string; schema?: string }>(document);
    return { ...fields, name: id, ...(schema !== undefined && { schema: JSON.parse(schema) as Record<string, unknown> }) };
  },
};

export const apiKeyLayout: Layout<ApiKey & { hash: Uint8Array }> = {
  toDocument: async ({ id, hash, ...fields }) => ({ ...fields, _id: id, hash: new Binary(hash) }),
  async toItem(document) {
    const { hash, ...fields } = fieldsOf<ApiKey & { hash: Binary }>(document);
    return { ...fields, hash: hash.value() };
  },
};

/** What of a subscription is sealed, together in one value. */
interface SubscriptionSecrets {
  secrets: (Omit<SigningSecret, "createdAt" | "expiresAt"> & { createdAt: string; expiresAt?: string })[];
  auth?: EndpointAuth;
  clientKey?: string;
}

/** Secrets, authentication and client key are sealed under the group's key. */
export function subscriptionLayout(keyring: Keyring): Layout<Subscription> {
  return {
    async toDocument({ id, secrets, auth, tls, ...fields }) {
      const { clientKey, ...publicTls } = tls ?? {};
      const sealed = JSON.stringify({ secrets, auth, clientKey });
      const scope: KeyScope = `group/${fields.groupId}`;
      const key = await keyring.scope(scope);
      return { ...fields, ...(tls && { tls: publicTls }), _id: id, sealed: new Binary(key.seal(secretsOf(id, scope), Buffer.from(sealed))) };
    },
    async toItem(document) {
      const { sealed, tls, ...fields } = fieldsOf<Omit<Subscription, "secrets" | "auth"> & { sealed: Binary }>(document);
      const bytes = sealed.value();
      const opened = (await keyring.forSealed(bytes)).open(secretsOf(fields.id, `group/${fields.groupId}`), bytes);
      const { secrets, auth, clientKey } = JSON.parse(Buffer.from(opened).toString("utf8")) as SubscriptionSecrets;
      opened.fill(0);
      return {
        ...fields,
        secrets: secrets.map(({ createdAt, expiresAt, ...secret }) => ({ ...secret, createdAt: new Date(createdAt), ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }) })),
        ...(auth && { auth }),
        ...(tls && { tls: { ...tls, ...(clientKey !== undefined && { clientKey }) } }),
      };
    },
  };
}

const secretsOf = (id: string, owner: KeyScope): SealContext => ({ collection: "subscriptions", id, field: "sealed", owner });

/** The stored fields, with `_id` back as `id` and without the collection's own version. */
function fieldsOf<T>({ _id, version: _version, ...fields }: CatalogueDocument): T {
  return { ...fields, id: _id } as T;
}
