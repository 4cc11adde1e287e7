/** The members that the data of operational events are made of. Each is described once, with an example. */

export interface NoticeMember {
  description: string;
  type: "string" | "integer" | "boolean";
  format?: "date-time";
  enum?: readonly string[];
  example: string | number | boolean;
}

const id = (what: string, prefix: string): NoticeMember => ({
  description: `Id of the ${what}`,
  type: "string",
  example: `${prefix}_01K3ZJ8Q5T9V7X2M4N6P8R0S1W`,
});

export const NOTICE_MEMBERS = {
  at: { description: "When it happened", type: "string", format: "date-time", example: "2026-11-24T09:30:00.000Z" },
  groupId: id("group", "grp"),
  apiId: id("api", "api"),
  subscriptionId: id("subscription", "sub"),
  deliveryId: {
    description: "Id of the first of these deliveries",
    type: "string",
    example: "evt_01K3ZJ8Q5T9V7X2M4N6P8R0S1W.sub_01K3ZJ8Q5T9V7X2M4N6P8R0S1W",
  },
  recoveryId: id("recovery", "rec"),
  requestId: id("grant request", "grq"),
  connectionId: id("SAML connection", "sso"),
  reason: {
    description: "Why, in words for people",
    type: "string",
    example: "HTTP 410: The endpoint said that it is gone for good.",
  },
  count: { description: "How many there were in this minute", type: "integer", example: 12 },
  grant: { description: "Id of the api or name of the event type", type: "string", example: "payments.invoice.paid" },
  certificate: {
    description: "Which certificate it is",
    type: "string",
    enum: ["client", "ca", "saml"],
    example: "client",
  },
  endsAt: { description: "When it ends", type: "string", format: "date-time", example: "2026-12-01T09:30:00.000Z" },
  days: { description: "Days that are left. 0 after the end", type: "integer", example: 7 },
  since: {
    description: "Since when it is so",
    type: "string",
    format: "date-time",
    example: "2026-11-24T09:24:00.000Z",
  },
  disablesAt: {
    description: "When the subscription is disabled unless an attempt succeeds before",
    type: "string",
    format: "date-time",
    example: "2026-11-29T09:18:00.000Z",
  },
  status: { description: "The status that it has from then on", type: "string", example: "done" },
  deliveries: { description: "Deliveries that it would send again", type: "integer", example: 12_400 },
  until: {
    description: "When it ends if nobody has released it",
    type: "string",
    format: "date-time",
    example: "2026-11-25T09:30:00.000Z",
  },
  sent: { description: "Deliveries that were sent again", type: "integer", example: 1_204 },
  delivered: { description: "Those of them that were delivered", type: "integer", example: 1_180 },
  failedAgain: { description: "Those of them that were not", type: "integer", example: 24 },
} as const satisfies Record<string, NoticeMember>;

export type NoticeMemberName = keyof typeof NOTICE_MEMBERS;
