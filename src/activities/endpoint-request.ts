/** One request to a subscription's endpoint with everything that the subscription asks for; deliveries and verification make it alike. */
import { DEFAULT_TIMEOUT_MS } from "../workflows/schedule.js";
import { createRequestHeaders, type RequestOrder } from "./request-headers.js";
import type { Exchange, Sender } from "./send.js";

export interface EndpointAnswer {
  exchange: Exchange;
  /** The request's headers as they may be recorded: secret values masked. */
  requestHeaders: Record<string, string>;
}

/** Makes the request as of `at`. Never rejects for what an endpoint, or its authorization server, does. */
export type EndpointRequest = (order: RequestOrder, at: Date) => Promise<EndpointAnswer>;

export interface EndpointRequestDependencies {
  sender: Sender;
  /** Of the service, for `user-agent`. */
  version: string;
}

/** Signs, authenticates and sends. */
export function createEndpointRequest({ sender, version }: EndpointRequestDependencies): EndpointRequest {
  const headersOf = createRequestHeaders({ version });
  return async (order, at) => {
    const { subscription, event } = order;
    const { sent, recorded } = headersOf(order, at);
    const exchange = await sender.send({
      identity: { subscriptionId: subscription.id, url: subscription.url, ...(subscription.tls && { tls: subscription.tls }), version: subscription.updatedAt.getTime() },
      ...(order.method && { method: order.method }), headers: sent, body: event.bytes,
      timeoutMs: subscription.retry?.timeoutMs ?? DEFAULT_TIMEOUT_MS,
    });
    return { exchange, requestHeaders: recorded };
  };
}
