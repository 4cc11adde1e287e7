/**
 * A small client of the HTTP API for tests and measurements. It knows the contract and nothing of the service's inside.
 */
import { Agent, request } from "undici";

export interface Answer<T = unknown> {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: T;
}

export interface Client {
  get<T>(path: string): Promise<Answer<T>>;
  post<T>(path: string, body?: unknown): Promise<Answer<T>>;
  patch<T>(path: string, body: unknown): Promise<Answer<T>>;
  delete<T>(path: string): Promise<Answer<T>>;
  /** A body that is not JSON, or not yet known to be. */
  raw<T>(path: string, body: Uint8Array, headers: Record<string, string>): Promise<Answer<T>>;
  close(): Promise<void>;
}

/** @param timeoutMs after which a call rejects, as it does when the connection breaks */
export function createClient(url: string, key: string, timeoutMs = 30_000): Client {
  const dispatcher = new Agent({
    connections: 32,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    connectTimeout: timeoutMs,
  });
  async function call<T>(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<Answer<T>> {
    return send(
      method,
      path,
      body === undefined ? {} : { "content-type": "application/json" },
      body === undefined ? undefined : JSON.stringify(body),
    );
  }
  async function send<T>(
    method: "GET" | "POST" | "PATCH" | "DELETE",
    path: string,
    extra: Record<string, string>,
    body?: string | Uint8Array,
  ): Promise<Answer<T>> {
    const headers = { authorization: `Bearer ${key}`, ...extra };
    const answer = await request(`${url}${path}`, { method, dispatcher, headers, ...(body !== undefined && { body }) });
    const text = await answer.body.text();
    const json = String(answer.headers["content-type"]).includes("json");
    return { status: answer.statusCode, headers: answer.headers, body: (json && text ? JSON.parse(text) : text) as T };
  }
  return {
    get: (path) => call("GET", path),
    post: (path, body) => call("POST", path, body),
    patch: (path, body) => call("PATCH", path, body),
    delete: (path) => call("DELETE", path),
    raw: (path, body, headers) => send("POST", path, headers, body),
    close: () => dispatcher.destroy(),
  };
}

export interface SubscriptionSet {
  apiId: string;
  groupId: string;
  eventType: string;
  subscriptions: { id: string; url: string; secret: string }[];
}

export interface SubscriptionSetOptions {
  /** Makes the names unique. */
  name: string;
  /** One subscription each. */
  urls: string[];
  /** Further fields of every subscription: `retry`, `tls`, `rateLimit`, … */
  subscription?: Record<string, unknown>;
}

/** An api, one event type, a group that is granted it, and a subscription per URL. */
export async function createSubscriptionSet(client: Client, options: SubscriptionSetOptions): Promise<SubscriptionSet> {
  const eventType = `${options.name}.happened`;
  const apiId = await created(client, "/v1/apis", { name: options.name });
  await must(client, "/v1/event-types", { name: eventType, apiId });
  const groupId = await created(client, "/v1/groups", { name: options.name, grants: [apiId] });
  const subscriptions: SubscriptionSet["subscriptions"] = [];
  for (const url of options.urls) {
    const body = await must(client, "/v1/subscriptions", {
      groupId,
      url,
      eventTypes: [eventType],
      ...options.subscription,
    });
    const { secret } = body as { secret?: string };
    if (!secret?.startsWith("whsec_")) throw new Error("POST /v1/subscriptions gave no whsec_ secret.");
    subscriptions.push({ id: idOf(body), url, secret });
  }
  return { apiId, groupId, eventType, subscriptions };
}

async function must(client: Client, path: string, body: unknown): Promise<unknown> {
  const answer = await client.post(path, body);
  if (answer.status >= 300) throw new Error(`POST ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  return answer.body;
}

const created = async (client: Client, path: string, body: unknown): Promise<string> =>
  idOf(await must(client, path, body));

function idOf(body: unknown): string {
  const { id } = body as { id?: unknown };
  if (typeof id !== "string") throw new Error(`No id in the answer: ${JSON.stringify(body)}`);
  return id;
}
