import { afterAll, beforeAll, inject } from "vitest";
import { makeTenant, type RunningApi, startApi, type Tenant } from "../running-api.js";

export let api: RunningApi;
export let tenant: Tenant;
let count = 0;

export const newApi = async (): Promise<string> =>
  String((await api.call("POST", "/v1/apis", { body: { name: `Import ${++count}` } })).body["id"]);
export const send = (apiId: string, document: unknown, { query = "", type = "application/json" } = {}) => {
  const body = Buffer.from(typeof document === "string" ? document : JSON.stringify(document));
  return api.call("POST", `/v1/apis/${apiId}/import${query}`, { body, headers: { "content-type": type } });
};

export const asyncApi = (prefix: string) => ({
  asyncapi: "3.0.0",
  info: { title: "Shop", version: "1.0.0" },
  defaultContentType: "application/json",
  channels: {
    paid: { address: `/${prefix}/invoice/paid/`, messages: { only: { $ref: "#/components/messages/Paid" } } },
    mixed: {
      address: "anything",
      messages: {
        a: { name: `${prefix}.refunded`, payload: { type: "string" } },
        b: { "x-sealpost-event-type": `${prefix}.voided`, deprecated: true },
      },
    },
    incoming: { address: `${prefix}.command`, messages: { command: { payload: { type: "object" } } } },
  },
  operations: {
    sendPaid: { action: "send", channel: { $ref: "#/channels/paid" } },
    sendMixed: { action: "send", channel: { $ref: "#/channels/mixed" } },
    take: { action: "receive", channel: { $ref: "#/channels/incoming" } },
  },
  components: {
    messages: {
      Paid: {
        description: "An invoice was paid",
        traits: [{ "x-sealpost-validation": "enforce", contentType: "application/json" }],
        payload: { $ref: "#/components/schemas/Invoice" },
        examples: [{ payload: { total: 1, lines: [{ parent: { total: 2 } }] } }],
      },
    },
    schemas: {
      Invoice: {
        type: "object",
        required: ["total"],
        properties: {
          total: { $ref: "#/components/schemas/Money" },
          lines: { type: "array", items: { $ref: "#/components/schemas/Line" } },
          pair: { type: "array", items: [{ type: "number" }], additionalItems: false },
        },
      },
      Line: {
        type: "object",
        properties: { parent: { $ref: "#/components/schemas/Invoice" }, next: { $ref: "#/components/schemas/Line" } },
        dependencies: { next: ["parent"] },
      },
      Money: { type: "number", minimum: 0 },
    },
  },
});
export const openApi = (prefix: string, post: Record<string, unknown> = {}) => ({
  openapi: "3.1.0",
  info: { title: "Shop", version: "1" },
  webhooks: {
    [`${prefix}.paid`]: {
      post: {
        summary: "Paid",
        requestBody: { $ref: "#/components/requestBodies/Paid" },
        responses: { "200": { description: "ok" } },
        ...post,
      },
    },
    strange: { $ref: "#/components/pathItems/Strange" },
  },
  components: {
    requestBodies: {
      Paid: {
        content: {
          "application/json": {
            schema: { type: "object", properties: { total: { $ref: "#/components/schemas/Money" } } },
            examples: { one: { value: { total: 1 } }, two: { $ref: "#/components/examples/Two" } },
          },
        },
      },
    },
    pathItems: {
      Strange: {
        "x-sealpost-event-type": `${prefix}.strange`,
        post: {
          deprecated: true,
          "x-sealpost-deprecation": { at: "2026-01-01T00:00:00Z", replacedBy: `${prefix}.paid` },
          responses: { "200": { description: "ok" } },
        },
      },
    },
    examples: { Two: { value: { total: 2 } } },
    schemas: { Money: { type: "number", example: 4 } },
  },
});

/** What each of the files needs that begin with `import-routes`: call it once at the top. */
export function setUpImportRoutes(): void {
  beforeAll(async () => {
    api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
    tenant = await makeTenant(api, "other");
  });
  afterAll(() => api?.close());
}
