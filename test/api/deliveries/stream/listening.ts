/** Somebody who listens to GET /v1/stream, and deliveries that change meanwhile. */
import http from "node:http";
import { expect } from "vitest";
import type { Delivery } from "../../../../src/store/model.js";
import { deliveryIdOf } from "../../../../src/workflows/event-id.js";
import type { RunningApi, Tenant } from "../../running-api.js";

/** A machine may be busy. */
export const WITHIN = { timeout: 60_000, interval: 100 };

export interface StreamEvent {
  event: string;
  id: string;
  data: Record<string, unknown>;
}

export interface Listening {
  status: number;
  headers: http.IncomingHttpHeaders;
  events: StreamEvent[];
  /** Ids of the deliveries that it was told of, each once. */
  told(): string[];
  /** Resolves when the stream has ended. */
  ended: Promise<void>;
  close(): void;
}

/** Opens a stream, and reads it until it ends. */
export function listen(
  { port }: Pick<RunningApi, "port">,
  query: string,
  headers: Record<string, string>,
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const request = http.get({ port, host: "127.0.0.1", path: `/v1/stream?${query}`, headers, agent: false });
    request.on("error", reject);
    request.on("response", (response) => {
      const events: StreamEvent[] = [];
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => {
        text += chunk;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const event = eventOf(text.slice(0, end));
          if (event) events.push(event);
          text = text.slice(end + 2);
        }
      });
      response.on("error", () => undefined);
      resolve({
        status: response.statusCode ?? 0,
        headers: response.headers,
        events,
        told: () => [
          ...new Set(events.flatMap(({ event, data }) => (event === "delivery" ? [String(data["id"])] : []))),
        ],
        ended: new Promise((over) => response.on("close", over)),
        close: () => request.destroy(),
      });
    });
  });
}

function eventOf(block: string): StreamEvent | undefined {
  const field = (name: string) =>
    block
      .split("\n")
      .find((line) => line.startsWith(`${name}: `))
      ?.slice(name.length + 2);
  const [event, data] = [field("event"), field("data")];
  return event === undefined || data === undefined
    ? undefined
    : { event, id: field("id") ?? "", data: JSON.parse(data) as Record<string, unknown> };
}

/** Those who listen in one file of tests. They are ended with `leave`. */
export function createAudience(api: () => RunningApi) {
  const open: Listening[] = [];
  return {
    /** Listens with this key. Resolves when it was greeted, so that nothing is missed from there on. */
    hear: async (query: string, key: string, more: Record<string, string> = {}): Promise<Listening> => {
      const listening = await listen(api(), query, { ...bearer(key), ...more });
      open.push(listening);
      expect(listening.status).toBe(200);
      await expect.poll(() => listening.events[0]?.event, WITHIN).toBe("hello");
      return listening;
    },
    /** Ends all streams, and waits until they have ended. */
    leave: async (): Promise<void> => {
      const closed = open.splice(0);
      closed.forEach((each) => each.close());
      await Promise.all(closed.map(({ ended }) => ended));
    },
  };
}

export const bearer = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

/** A delivery of the tenant, made now. */
export function deliveryNow(tenant: Tenant, eventId: string, more: Partial<Delivery> = {}): Delivery {
  const now = new Date();
  return {
    id: deliveryIdOf(eventId, tenant.subscriptionId),
    eventId,
    subscriptionId: tenant.subscriptionId,
    groupId: tenant.groupId,
    apiId: tenant.apiId,
    eventType: tenant.eventType,
    status: "pending",
    createdAt: now,
    updatedAt: now,
    attemptCount: 0,
    attempts: [],
    ...more,
  };
}
