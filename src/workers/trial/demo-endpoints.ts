/** The endpoints of the demo: one that takes everything, and two with the troubles that people have. */
import { MINUTE_MS } from "../../workflows/durations.js";

export const DEMO_EVENT_TYPE = "demo.greeting.sent";
/** What the demo publishes by itself. */
export const DEMO_ORDER_TYPE = "demo.order.placed";

export interface DemoAnswer {
  status: number;
  /** JSON, for what is refused. */
  body?: { error: string };
}

export interface DemoEndpoint {
  path: `/${string}`;
  subscriptionId: string;
  name: string;
  eventTypes: readonly string[];
  /** `attempt` counts from 1, as the header `webhook-attempt` does. */
  answer(body: Uint8Array, now: number, attempt: number): DemoAnswer;
}

// Always the same ids, so that each start finds those of the last one. They have the form that the API asks for.
const subscriptionOf = (mark: string): string => `sub_${mark.padStart(26, "0")}`;
const TAKEN: DemoAnswer = { status: 204 };
/** One order in so many is refused at its first attempt. Sent again, it is taken, so that a newcomer sees the cure. */
export const REFUSED_EVERY = 5;
/** The unsteady endpoint is down for one minute in so many. */
const DOWN_ONE_MINUTE_IN = 10;

/** The healthy one. What reaches it is told on the screen, but for the orders. */
export const DEMO_RECEIVER: DemoEndpoint = {
  path: "/webhooks",
  subscriptionId: subscriptionOf("DEM0"),
  name: "Demo receiver",
  eventTypes: [DEMO_EVENT_TYPE],
  answer: () => TAKEN,
};

/** Those that only the demo's own traffic goes to. */
export const TROUBLED_ENDPOINTS: readonly DemoEndpoint[] = [
  {
    path: "/refuses-every-fifth",
    subscriptionId: subscriptionOf("DEM0P"),
    name: "Demo: refuses every fifth order",
    eventTypes: [DEMO_ORDER_TYPE],
    answer: (body, _now, attempt) =>
      attempt === 1 && orderNumberIn(body) % REFUSED_EVERY === 0
        ? { status: 422, body: { error: "The field `vatId` is missing." } }
        : TAKEN,
  },
  {
    path: "/down-now-and-then",
    subscriptionId: subscriptionOf("DEM0V"),
    name: "Demo: down for a minute now and then",
    eventTypes: [DEMO_ORDER_TYPE],
    answer: (_body, now) =>
      isDown(now) ? { status: 503, body: { error: "The database is being restarted." } } : TAKEN,
  },
];

const isDown = (now: number): boolean => Math.floor(now / MINUTE_MS) % DOWN_ONE_MINUTE_IN === DOWN_ONE_MINUTE_IN - 1;

/** 1 for what is no order, which nothing refuses. */
function orderNumberIn(body: Uint8Array): number {
  try {
    const order: unknown = JSON.parse(Buffer.from(body).toString("utf8"));
    const number: unknown = typeof order === "object" && order !== null ? Reflect.get(order, "number") : undefined;
    return typeof number === "number" ? number : 1;
  } catch {
    return 1;
  }
}
