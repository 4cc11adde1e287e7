/** How each catalogue object lies in its collection. */
import { Binary } from "mongodb";
import type { CatalogueDocument, Layout } from "./catalogue-collection.js";
import type { KeyScope, SealContext } from "../sealing/data-key.js";
import type { Keyring } from "../sealing/keyring.js";
import { publicPart } from "../url-secrets.js";
import type {
  Api,
  ApiKey,
  EventType,
  Group,
  PendingCertificate,
  SettingChange,
  SigningKey,
  SigningSecret,
  StoredApiKey,
  Subscription,
} from "../model.js";

/** The layout of an object without secrets. Its fields are stored as they are. */
function plainLayout<T extends { id: string; createdAt: Date }>(): Layout<T> {
  return {
    toDocument: async ({ id, ...fields }) => ({ ...fields, _id: id }),
    toItem: async (document) => fieldsOf<T>(document),
  };
}

export const apiLayout: Layout<Api> = plainLayout<Api>();
export const groupLayout: Layout<Group> = plainLayout<Group>();

type StoredEventType = Omit<EventType, "name" | "schema" | "examples" | "version"> & {
  id: string;
  schema?: string;
  examples?: string;
  schemaVersion?: number;
};

/**
 * The name is the id. Schema and examples are stored as text, because FerretDB refuses field names like `$ref`. The
 * text is parsed only when it is needed (of 10,000 event types in memory few are).
 */
export const eventTypeLayout: Layout<EventType> = {
  toDocument: async ({ name, schema, examples, version, ...fields }) => ({
    ...fields,
    _id: name,
    ...(schema && { schema: JSON.stringify(schema) }),
    ...(examples && { examples: JSON.stringify(examples) }),
    ...(version !== undefined && { schemaVersion: version }),
  }),
  async toItem(document) {
    const { id, schema, examples, schemaVersion, ...fields } = fieldsOf<StoredEventType>(document);
    const type: EventType = { ...fields, name: id, ...(schemaVersion !== undefined && { version: schemaVersion }) };
    if (schema !== undefined) parsedWhenRead(type, "schema", schema);
    if (examples !== undefined) parsedWhenRead(type, "examples", examples);
    return type;
  },
};

/** Gives the item a field that is parsed from JSON text at its first reading, and is a plain field from then on. */
export function parsedWhenRead<T extends object>(item: T, field: keyof T & string, json: string): void {
  const settled = (value: unknown) =>
    Object.defineProperty(item, field, { value, enumerable: true, configurable: true, writable: true });
  Object.defineProperty(item, field, {
    enumerable: true,
    configurable: true,
    get: () => {
      const value: unknown = JSON.parse(json);
      settled(value);
      return value;
    },
    set: settled,
  });
}

export const apiKeyLayout: Layout<StoredApiKey> = {
  toDocument: async ({ id, hash, previousHash, ...fields }) => ({
    ...fields,
    _id: id,
    hash: new Binary(hash),
    ...(previousHash && { previousHash: new Binary(previousHash) }),
  }),
  async toItem(document) {
    const { hash, previousHash, ...fields } = fieldsOf<ApiKey & { hash: Binary; previousHash?: Binary }>(document);
    return { ...fields, hash: hash.value(), ...(previousHash && { previousHash: previousHash.value() }) };
  },
};

/** JSON of an object with instants. */
type Written<T extends { createdAt: Date }> = Omit<T, "createdAt" | "expiresAt"> & {
  createdAt: string;
  expiresAt?: string;
};

/** What people write about a subscription: personal data, and the URL of a chat channel. */
type SealedText = "description" | "contacts" | "labels" | "chat";

/** What of a subscription is sealed, together in one value. What came later is absent in older ones. */
interface SubscriptionSecrets extends Pick<Subscription, "auth" | "headers" | SealedText> {
  secrets: Written<SigningSecret>[];
  clientKey?: string;
  keys?: Written<SigningKey>[];
  pendingCertificate?: Written<PendingCertificate>;
  /**
   * The whole URL, sealed. The part without secrets is stored beside it in plain text. Absent when the plain text is
   * all of it.
   */
  url?: string;
}

type StoredSubscription = Omit<
  Subscription,
  "secrets" | "keys" | "auth" | "headers" | "pendingCertificate" | "changes" | SealedText
> & { sealed: Binary; sealedChanges?: Binary };

/**
 * Secrets, keys, authentication, custom headers, client key and URL are sealed under the group's key, and so is what
 * people write about it. The query of a URL is often the only proof that a caller needs.
 */
export function subscriptionLayout(keyring: Keyring): Layout<Subscription> {
  return {
    async toDocument({ id, url, secrets, auth, headers, keys, pendingCertificate, tls, changes, ...rest }) {
      const { description, contacts, labels, chat, ...fields } = rest;
      const { clientKey, ...publicTls } = tls ?? {};
      const text = { description, contacts, labels, chat };
      const sealed = JSON.stringify({ url, secrets, auth, headers, keys, pendingCertificate, clientKey, ...text });
      const scope: KeyScope = `group/${fields.groupId}`;
      const key = await keyring.scope(scope);
      return {
        ...fields,
        url: publicPart(url),
        ...(tls && { tls: publicTls }),
        _id: id,
        sealed: new Binary(key.seal(secretsOf(id, scope), Buffer.from(sealed))),
        // By itself: a process that does not know it writes it back as it is.
        ...(changes && {
          sealedChanges: new Binary(key.seal(changesOf(id, scope), Buffer.from(JSON.stringify(changes)))),
        }),
      };
    },
    async toItem(document) {
      const { sealed, sealedChanges, tls, ...fields } = fieldsOf<StoredSubscription>(document);
      const bytes = sealed.value();
      const opened = (await keyring.forSealed(bytes)).open(secretsOf(fields.id, `group/${fields.groupId}`), bytes);
      const { url, secrets, auth, headers, keys, pendingCertificate, clientKey, ...text } = JSON.parse(
        Buffer.from(opened).toString("utf8"),
      ) as SubscriptionSecrets;
      opened.fill(0);
      return {
        ...fields,
        ...text,
        ...(sealedChanges && { changes: await openedChanges(keyring, fields, sealedChanges.value()) }),
        ...(url !== undefined && { url }),
        secrets: secrets.map(read<SigningSecret>),
        ...(keys && { keys: keys.map(read<SigningKey>) }),
        ...(auth && { auth }),
        ...(headers && { headers }),
        ...(pendingCertificate && { pendingCertificate: read<PendingCertificate>(pendingCertificate) }),
        ...(tls && { tls: { ...tls, ...(clientKey !== undefined && { clientKey }) } }),
      };
    },
  };
}

function read<T extends { createdAt: Date }>({ createdAt, expiresAt, ...rest }: Written<T>): T {
  return {
    ...rest,
    createdAt: new Date(createdAt),
    ...(expiresAt !== undefined && { expiresAt: new Date(expiresAt) }),
  } as unknown as T;
}

const secretsOf = (id: string, owner: KeyScope): SealContext => ({
  collection: "subscriptions",
  id,
  field: "sealed",
  owner,
});

const changesOf = (id: string, owner: KeyScope): SealContext => ({ ...secretsOf(id, owner), field: "sealedChanges" });

async function openedChanges(
  keyring: Keyring,
  { id, groupId }: Pick<Subscription, "id" | "groupId">,
  bytes: Uint8Array,
): Promise<SettingChange[]> {
  const opened = (await keyring.forSealed(bytes)).open(changesOf(id, `group/${groupId}`), bytes);
  return JSON.parse(Buffer.from(opened).toString("utf8")) as SettingChange[];
}

/** The stored fields, with `_id` back as `id` and without the collection's own version. */
function fieldsOf<T>({ _id, version: _version, ...fields }: CatalogueDocument): T {
  return { ...fields, id: _id } as T;
}
