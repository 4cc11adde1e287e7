/**
 * How each endpoint behaved lately, in this process: a slow or failing one is kept out of the dispatch of new events,
 * so that it holds up nobody; its deliveries go to `retryDelivery` at once.
 */
export interface EndpointHealth {
  /** A request begins. */
  begin(subscriptionId: string): Request;
  verdict(subscriptionId: string): "prompt" | "slow" | "failing";
}
export interface Request {
  end(ok: boolean): void;
}

/** A request that takes longer than this makes the endpoint slow. */
const SLOW_MS = 2_000;
/** How long one observation counts without a newer one. */
const REMEMBERED_MS = 30_000;

interface Endpoint {
  /** Start times of requests under way, oldest first (insertion order). */
  underWay: Map<symbol, number>;
  slowUntil: number;
  failingUntil: number;
}

/** Health of every endpoint this process talks to; entries vanish when they say nothing any more. */
export function createEndpointHealth(now: () => number = Date.now): EndpointHealth {
  const endpoints = new Map<string, Endpoint>();
  const entry = (id: string): Endpoint => {
    const known = endpoints.get(id);
    if (known) return known;
    const endpoint: Endpoint = { underWay: new Map(), slowUntil: 0, failingUntil: 0 };
    endpoints.set(id, endpoint);
    return endpoint;
  };
  return {
    begin(subscriptionId) {
      const endpoint = entry(subscriptionId);
      const token = Symbol();
      const started = now();
      endpoint.underWay.set(token, started);
      return {
        end(ok) {
          endpoint.underWay.delete(token);
          const ended = now();
          endpoint.slowUntil = ended - started > SLOW_MS ? ended + REMEMBERED_MS : ok ? 0 : endpoint.slowUntil;
          endpoint.failingUntil = ok ? 0 : ended + REMEMBERED_MS;
          if (endpoint.underWay.size === 0 && endpoint.slowUntil === 0 && ok) endpoints.delete(subscriptionId);
        },
      };
    },
    verdict(subscriptionId) {
      const endpoint = endpoints.get(subscriptionId);
      if (!endpoint) return "prompt";
      const time = now();
      if (endpoint.failingUntil > time) return "failing";
      if (endpoint.slowUntil > time) return "slow";
      const [oldest] = endpoint.underWay.values();
      return oldest !== undefined && time - oldest > SLOW_MS ? "slow" : "prompt";
    },
  };
}
