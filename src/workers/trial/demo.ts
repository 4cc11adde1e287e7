/**
 * The built-in demo. It is a consumer endpoint over mutual TLS on loopback, so that a newcomer sees a signed delivery
 * at once.
 */
import type { IncomingMessage, ServerResponse } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import type { TLSSocket } from "node:tls";
import { newSigningSecret, verify } from "../../endpoint/signing/sign.js";
import type { Subscription } from "../../store/model.js";
import { StoreError } from "../../store/store-error.js";
import type { Store } from "../../store/store.js";
import {
  DEMO_EVENT_TYPE,
  DEMO_ORDER_TYPE,
  DEMO_RECEIVER,
  type DemoAnswer,
  type DemoEndpoint,
  TROUBLED_ENDPOINTS,
} from "./demo-endpoints.js";
import { createCertificateAuthority } from "./certificates.js";

// Always the same ids, so that each start finds those of the last one. They have the form that the API asks for.
export const DEMO_API = `api_${"DEM0".padStart(26, "0")}`;
export const DEMO_GROUP = `grp_${"DEM0".padStart(26, "0")}`;
/** Earlier releases wrote the letter O, which no ULID has, so the API answered 404 for these ids. */
const OLD = "DEMO".padStart(26, "0");
const MAX_BODY_BYTES = 2 * 1024 * 1024;

export interface Demo {
  /** The one local origin that may be called without SEALPOST_ALLOW_LOCAL_TARGETS. */
  origin: string;
  /** It has endpoints for traffic of its own. */
  traffic: boolean;
  /**
   * Creates the demo's api, event type, group and subscription, or points them at this start's address and
   * certificates.
   */
  register(store: Store): Promise<void>;
  close(): Promise<void>;
}

/**
 * Starts the receiver on a free loopback port with certificates of its own. `tell` is called with one line for each
 * delivery that a person published. With `traffic` there are the endpoints for the demo's own traffic as well.
 */
export async function startDemo(
  tell: (line: string) => void,
  { traffic }: { traffic: boolean } = { traffic: false },
): Promise<Demo> {
  const authority = await createCertificateAuthority({ commonName: "Sealpost demo authority" });
  const server = await authority.issue({ commonName: "localhost", usage: "server" });
  const client = await authority.issue({ commonName: "sealpost-demo-sender", usage: "client" });
  const endpoints = traffic
    ? [{ ...DEMO_RECEIVER, eventTypes: [DEMO_EVENT_TYPE, DEMO_ORDER_TYPE] }, ...TROUBLED_ENDPOINTS]
    : [DEMO_RECEIVER];
  const secrets = new Map(endpoints.map(({ path }) => [path, newSigningSecret()]));
  const receiver = createServer({
    cert: server.cert,
    key: server.key,
    ca: authority.ca,
    requestCert: true,
    rejectUnauthorized: true,
    minVersion: "TLSv1.3",
  });
  receiver.on("request", (request, response) => {
    const endpoint = endpoints.find(({ path }) => path === request.url);
    if (!endpoint) return void response.writeHead(404).end();
    receive(request, response, (body) => {
      const { valid, line } = judge(request, body, secrets.get(endpoint.path) ?? "");
      if (request.headers["webhook-event-type"] !== DEMO_ORDER_TYPE) tell(line);
      const attempt = Number(request.headers["webhook-attempt"]);
      return valid ? endpoint.answer(body, Date.now(), attempt) : { status: 400 };
    });
  });
  await new Promise<void>((resolve, reject) => receiver.once("error", reject).listen(0, "127.0.0.1", resolve));
  const origin = `https://127.0.0.1:${(receiver.address() as AddressInfo).port}`;
  const tls = { ca: authority.ca, clientCert: client.cert, clientKey: client.key, minVersion: "TLSv1.3" as const };
  return {
    origin,
    traffic,
    async register(store) {
      await registerCatalogue(store, traffic);
      for (const endpoint of endpoints) {
        const kept = await store.subscriptions.get(endpoint.subscriptionId);
        const secret = kept?.secrets[0]?.secret ?? secrets.get(endpoint.path) ?? "";
        secrets.set(endpoint.path, secret);
        await registerEndpoint(store, endpoint, {
          url: `${origin}${endpoint.path}`,
          tls,
          secrets: kept?.secrets ?? [{ secret, createdAt: new Date() }],
        });
      }
    },
    close: () => closed(receiver),
  };
}

/** Reads the body, and answers as `answer` says. */
function receive(request: IncomingMessage, response: ServerResponse, answer: (body: Buffer) => DemoAnswer): void {
  const parts: Buffer[] = [];
  let size = 0;
  request.on("data", (part: Buffer) => {
    size += part.byteLength;
    if (size > MAX_BODY_BYTES) request.destroy();
    else parts.push(part);
  });
  request.on("end", () => {
    const { status, body } = answer(Buffer.concat(parts));
    if (body) response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
    else response.writeHead(status).end();
  });
  request.on("error", () => response.destroy());
}

function judge(request: IncomingMessage, body: Buffer, secret: string): { valid: boolean; line: string } {
  const { headers } = request;
  const valid = verify({ headers, body, secrets: [secret], nowSeconds: Math.floor(Date.now() / 1_000) }).ok;
  const peer = (request.socket as TLSSocket).getPeerCertificate().subject?.CN ?? "unknown";
  return {
    valid,
    line:
      `Demo receiver: ${String(headers["webhook-id"])} ` +
      `${String(headers["webhook-event-type"])}, ${body.byteLength} bytes, signature ` +
      `${valid ? "valid" : "NOT VALID"}, client certificate "${String(peer)}"`,
  };
}

async function registerCatalogue(store: Store, traffic: boolean): Promise<void> {
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
  const types = [
    { name: DEMO_EVENT_TYPE, description: "A greeting, for the first delivery." },
    ...(traffic ? [{ name: DEMO_ORDER_TYPE, description: "An order. The demo publishes one every few seconds." }] : []),
  ];
  for (const type of types) {
    await unlessThere(store.eventTypes.insert({ ...type, apiId: DEMO_API, ...now }));
    await store.eventTypes.update(type.name, (current) =>
      current.apiId === DEMO_API ? current : { ...current, apiId: DEMO_API },
    );
  }
  await unlessThere(
    store.groups.insert({ id: DEMO_GROUP, name: "Demo consumers", grants: [DEMO_API], samlGroups: [], ...now }),
  );
}

async function registerEndpoint(
  store: Store,
  { subscriptionId, name, eventTypes }: DemoEndpoint,
  endpoint: Pick<Subscription, "url" | "secrets"> & { tls: NonNullable<Subscription["tls"]> },
): Promise<void> {
  const subscription: Subscription = {
    id: subscriptionId,
    groupId: DEMO_GROUP,
    name,
    eventTypes: [...eventTypes],
    status: "active",
    ...endpoint,
    createdAt: new Date(),
    updatedAt: new Date(),
  };
  await unlessThere(store.subscriptions.insert(subscription));
  await store.subscriptions.update(subscriptionId, (current) => ({
    ...current,
    ...endpoint,
    eventTypes: [...new Set([...current.eventTypes, ...eventTypes])],
  }));
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
