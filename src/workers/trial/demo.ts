/**
 * The built-in demo. It is a consumer endpoint over mutual TLS on loopback, so that a newcomer sees a signed delivery
 * at once.
 */
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { newSigningSecret, verify } from "../../endpoint/signing/sign.js";
import type { Subscription } from "../../store/model.js";
import { StoreError } from "../../store/store-error.js";
import type { Store } from "../../store/store.js";
import { createCertificateAuthority } from "./certificates.js";

export const DEMO_EVENT_TYPE = "demo.greeting.sent";
// Always the same ids, so that each start finds those of the last one. They have the form that the API asks for.
export const DEMO_API = `api_${"DEM0".padStart(26, "0")}`;
export const DEMO_GROUP = `grp_${"DEM0".padStart(26, "0")}`;
const DEMO_SUBSCRIPTION = `sub_${"DEM0".padStart(26, "0")}`;
/** Earlier releases wrote the letter O, which no ULID has, so the API answered 404 for these ids. */
const OLD = "DEMO".padStart(26, "0");
const MAX_BODY_BYTES = 2 * 1024 * 1024;

export interface Demo {
  /** The one local origin that may be called without SEALPOST_ALLOW_LOCAL_TARGETS. */
  origin: string;
  /**
   * Creates the demo's api, event type, group and subscription, or points them at this start's address and
   * certificates.
   */
  register(store: Store): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the receiver on a free loopback port with certificates of its own. `tell` is called with one line for each
 * delivery.
 */
export async function startDemo(tell: (line: string) => void): Promise<Demo> {
  const authority = await createCertificateAuthority({ commonName: "Sealpost demo authority" });
  const server = await authority.issue({ commonName: "localhost", usage: "server" });
  const client = await authority.issue({ commonName: "sealpost-demo-sender", usage: "client" });
  const secret = { current: newSigningSecret() };
  const receiver = createServer({
    cert: server.cert,
    key: server.key,
    ca: authority.ca,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
  });
  receiver.on("request", (request, response) => {
    const parts: Buffer[] = [];
    let size = 0;
    request.on("data", (part: Buffer) => {
      size += part.byteLength;
      if (size > MAX_BODY_BYTES) request.destroy();
      else parts.push(part);
    });
    request.on("end", () => {
      const valid = verify({
        headers: request.headers,
        body: Buffer.concat(parts),
        secrets: [secret.current],
        nowSeconds: Math.floor(Date.now() / 1_000),
      }).ok;
      const peer = (request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "unknown";
      tell(
        `Demo receiver: ${String(request.headers["webhook-id"])} ` +
          `${String(request.headers["webhook-event-type"])}, ${size} bytes, signature ` +
          `${valid ? "valid" : "NOT VALID"}, client certificate "${String(peer)}"`,
      );
      response.writeHead(valid ? 204 : 400).end();
    });
    request.on("error", () => response.destroy());
  });
  await new Promise<void>((resolve, reject) => receiver.once("error", reject).listen(0, "127.0.0.1", resolve));
  const origin = `https://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  return {
    origin,
    register: async (store) => {
      const kept = await store.subscriptions.get(DEMO_SUBSCRIPTION);
      secret.current = kept?.secrets[0]?.secret ?? secret.current;
      await register(store, {
        url: `${origin}/webhooks`,
        tls: { ca: authority.ca, clientCert: client.cert, clientKey: client.key, minVersion: "TLSv1.3" },
        secrets: kept?.secrets ?? [{ secret: secret.current, createdAt: new Date() }],
      });
    },
    close: () => closed(receiver),
  };
}

async function register(
  store: Store,
  endpoint: Pick<Subscription, "url" | "secrets"> & { tls: NonNullable<Subscription["tls"]> },
): Promise<void> {
  const now = { createdAt: new Date(), updatedAt: new Date() };
  await Promise.all([
    store.subscriptions.delete(`sub_${OLD}`),
    store.groups.delete(`grp_${OLD}`),
    store.apis.delete(`api_${OLD}`),
  ]);
  await unlessThere(
    store.apis.insert({
      id: DEMO_API,
      name: "Demo",
      description: "Made at the start for the first delivery. You may delete it.",
      ...now,
    }),
  );
  await unlessThere(
    store.eventTypes.insert({
      name: DEMO_EVENT_TYPE,
      apiId: DEMO_API,
      description: "A greeting, for the first delivery.",
      ...now,
    }),
  );
  await store.eventTypes.update(DEMO_EVENT_TYPE, (current) =>
    current.apiId === DEMO_API ? current : { ...current, apiId: DEMO_API },
  );
  await unlessThere(
    store.groups.insert({ id: DEMO_GROUP, name: "Demo consumers", grants: [DEMO_API], samlGroups: [], ...now }),
  );
  const subscription: Subscription = {
    id: DEMO_SUBSCRIPTION,
    groupId: DEMO_GROUP,
    name: "Demo receiver",
    eventTypes: [DEMO_EVENT_TYPE],
    status: "active",
    ...endpoint,
    ...now,
  };
  await unlessThere(store.subscriptions.insert(subscription));
  await store.subscriptions.update(DEMO_SUBSCRIPTION, (current) => ({ ...current, ...endpoint }));
}

/** An insert of what an earlier start has left. */
export async function unlessThere(insert: Promise<void>): Promise<void> {
  await insert.catch((error: unknown) => {
    if (!(error instanceof StoreError && error.code === "duplicate")) throw error;
  });
}

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
