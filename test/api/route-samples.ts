/**
 * What the authorisation matrix needs to call every route: whose object a path parameter names, and a valid body. A new
 * route with a path parameter or a required body is added here. access.test.ts says so when one is missing.
 */
import { expect } from "vitest";
import { newId } from "../../src/store/ids.js";
import type { Role } from "../../src/store/model.js";
import { makeTenant, type RunningApi, type Tenant } from "./running-api.js";
import { parkedDelivery, recordedEvent } from "./recorded.js";

/** One tenant's objects, one of each kind. */
export interface Objects extends Tenant {
  consumerKeyId: string;
  eventId: string;
  deliveryId: string;
  recoveryId: string;
  grantRequestId: string;
}

/** A tenant with an event, a parked delivery and a recovery. Nobody delivers: what is here stays as it is. */
export async function makeObjects(api: RunningApi, name: string): Promise<Objects> {
  const tenant = await makeTenant(api, name);
  const eventId = newId("evt");
  const now = new Date();
  await api.store.events.insertMany([recordedEvent(tenant, eventId)]);
  const detail = {
    url: "https://8.8.8.8/hook",
    requestHeaders: { "webhook-id": eventId },
    responseBody: `only for ${name}`,
  };
  const delivery = { ...parkedDelivery(tenant, eventId, detail), apiId: tenant.apiId };
  await api.store.deliveries.insertMany([delivery]);
  const filter = { since: new Date(now.getTime() - 3_600_000).toISOString() };
  const preview = await api.call("POST", "/v1/recoveries/preview", { key: tenant.consumerKey, body: { filter } });
  const recovery = await api.call("POST", "/v1/recoveries", {
    key: tenant.consumerKey,
    body: { filter, token: preview.body["token"] },
  });
  expect(recovery.status, recovery.text).toBe(202);
  const { request } = await api.store.grantRequests.open({
    id: newId("grq"),
    groupId: tenant.groupId,
    grant: tenant.eventType,
    apiId: tenant.apiId,
    status: "open",
    requestedBy: "test",
    createdAt: now,
  });
  return {
    ...tenant,
    grantRequestId: request.id,
    eventId,
    deliveryId: delivery.id,
    recoveryId: String(recovery.body["id"]),
    consumerKeyId: tenant.consumerKey.slice(3, 33),
  };
}

/**
 * Beginning of a path -> what its parameter names. The longest beginning that fits counts. `POST ` and the like in
 * front narrow it to a method.
 */
const OBJECTS: Readonly<Record<string, (of: Objects) => string>> = {
  "/v1/apis/": (of) => of.apiId,
  "/v1/event-types/": (of) => of.eventType,
  "/v1/groups/": (of) => of.groupId,
  "/v1/grant-requests/": (of) => of.grantRequestId,
  "/v1/subscriptions/": (of) => of.subscriptionId,
  "/jwks/": (of) => of.subscriptionId,
  "/v1/deliveries/": (of) => of.deliveryId,
  "/v1/recoveries/": (of) => of.recoveryId,
  "/v1/events/": (of) => of.eventId,
  "POST /v1/events/": (of) => of.eventType,
  "POST /v1/events/{ref}/send": (of) => of.eventId,
  "/v1/api-keys/": (of) => of.consumerKeyId,
};

/** Of these there is none here: no tenant's, seen only by roles that see everything. Whoever may act gets 404. */
const ABSENT: Readonly<Record<string, () => string>> = {
  "/v1/people/": () => `per_${"0".repeat(43)}`,
  "/v1/me/sessions/": () => "0".repeat(43),
  "/v1/saml-connections/": () => newId("sso"),
  "GET /v1/events/{ref}/hold": () => newId("evt"),
  "GET /v1/groups/{id}/hold": () => newId("grp"),
};
/** Further parameters of a path, by name. */
const FURTHER: Readonly<Record<string, string>> = { fingerprint: "0".repeat(64) };

/**
 * Valid bodies, by operationId, where there must be one. Bytes are sent as they are, with `Content-Type:
 * application/json`.
 */
const BODIES: Readonly<Record<string, unknown>> = {
  changeApi: { name: "changed" },
  changeEventType: { description: "changed" },
  changeGroup: { name: "changed" },
  changeSubscription: { name: "changed" },
  checkPayload: { body: "{}" },
  // A URL that is refused by its text, so that nothing is called.
  checkTarget: { url: "https://user@example.com/" },
  requestCertificate: { subject: { commonName: "changed" } },
  installCertificate: { certificate: "changed" },
  refuseGrantRequest: { reason: "no" },
  changeMyMail: { wanted: false },
  setChatChannel: { format: "slack", url: "https://8.8.8.8/services/changed" },
  refuseRecovery: { reason: "no" },
  sendEvent: { subscriptionId: newId("sub") },
  importEventTypes: { asyncapi: "3.0.0" },
  holdEvent: { reason: "kept" },
  holdGroup: { reason: "kept" },
  rejectSubscription: { reason: "no" },
  suspendSubscription: { reason: "no" },
  publishRaw: Buffer.from("{}"),
};

interface Exception {
  role: Role;
  /** Answer about another tenant's object, instead of 404. */
  theirs?: number;
  /** Answer to a GET of the own tenant's, instead of 200. */
  own?: number;
  why: string;
}
/** Where a role that is limited to some objects gets another answer than the rule, by operationId. */
export const EXCEPTIONS: Readonly<Record<string, Exception>> = {
  readGroup: { role: "provider", theirs: 200, why: "it grants to every group" },
  changeGroup: { role: "provider", theirs: 403, why: "it sees the group, which is granted another provider's api" },
  deleteGroup: { role: "provider", theirs: 403, why: "it sees the group, which is granted another provider's api" },
  readRecovery: {
    role: "provider",
    own: 404,
    why: "a limited provider sees the recoveries that it started; this one is the consumer's",
  },
  listRecoveryActs: { role: "provider", own: 404, why: "it is seen by who sees the recovery" },
};

/** One operation of the OpenAPI document. */
export interface Operation {
  operationId: string;
  /** Upper case. */
  method: string;
  path: string;
  /** Absent: public. */
  roles?: readonly Role[];
  act?: string;
  /** Without a key outside production. */
  openOutsideProduction: boolean;
  needsBody: boolean;
  /** Documented answers. */
  statuses: readonly number[];
}

type DocumentedOperation = {
  operationId: string;
  security?: object[];
  requestBody?: { required?: boolean; content: Record<string, unknown> };
  responses: Record<string, unknown>;
  "x-roles"?: Role[];
  "x-act"?: string;
};

/** Its answer does not end. test/api/deliveries/stream opens it with every kind of key. */
const ENDLESS = "streamDeliveries";

/** The operations of an OpenAPI document whose answers end. */
export function operationsOf(document: { paths?: unknown }): Operation[] {
  return Object.entries(document.paths as Record<string, Record<string, DocumentedOperation>>).flatMap(
    ([path, methods]) =>
      Object.entries(methods)
        .filter(([, { operationId }]) => operationId !== ENDLESS)
        .map(([method, operation]) => ({
          operationId: operation.operationId,
          method: method.toUpperCase(),
          path,
          ...(operation["x-roles"] && { roles: operation["x-roles"] }),
          ...(operation["x-act"] !== undefined && { act: operation["x-act"] }),
          openOutsideProduction: operation.security?.some((way) => Object.keys(way).length === 0) ?? false,
          needsBody: operation.requestBody?.required ?? false,
          statuses: Object.keys(operation.responses).map(Number),
        })),
  );
}

export const hasParameter = ({ path }: Operation): boolean => path.includes("{");

const longest = (table: Readonly<Record<string, unknown>>, { method, path }: Operation): string =>
  Object.keys(table)
    .filter((beginning) => (beginning.startsWith("/") ? path : `${method} ${path}`).startsWith(beginning))
    .sort((a, b) => b.length - a.length)[0] ?? "";

/** Whether the operation is about an object that is not there. */
export const isAbsent = (operation: Operation): boolean => longest(ABSENT, operation) !== "";

/** The operation's path with this tenant's object in it. */
export function pathOf(operation: Operation, of: Objects): string {
  const { method, path, operationId } = operation;
  if (!path.includes("{")) return path;
  const id = OBJECTS[longest(OBJECTS, operation)]?.(of) ?? ABSENT[longest(ABSENT, operation)]?.();
  if (id === undefined) {
    throw new Error(
      `${operationId} (${method} ${path}) has a parameter of which nobody knows whose object it ` +
        "names: add its beginning to OBJECTS in test/api/route-samples.ts, " +
        "and the id to makeObjects() there when there is none yet.",
    );
  }
  const [first, ...rest] = [...path.matchAll(/\{(\w+)\}/g)].map((match) => String(match[1]));
  const further = rest.find((name) => FURTHER[name] === undefined);
  if (further !== undefined)
    throw new Error(
      `${operationId} (${method} ${path}) has a further parameter: add ${further} to FURTHER in ` +
        "test/api/route-samples.ts.",
    );
  return path.replaceAll(/\{(\w+)\}/g, (_all, name: string) =>
    encodeURIComponent(name === first ? id : String(FURTHER[name])),
  );
}

/** What a GET cannot be called without. */
const QUERIES: Readonly<Record<string, string>> = {
  exportDeliveries: "?format=jsonl",
  exportEventTypeList: "?format=jsonl",
  exportEvents: "?format=jsonl",
  exportGrantRequests: "?format=jsonl",
  exportRecoveries: "?format=jsonl",
  exportSubscriptions: "?format=jsonl",
  readStats: "?metric=deliveries",
  search: "?q=evt_of_nobody",
};

/** The query that the operation is called with. */
export const queryOf = ({ operationId }: Operation): string => QUERIES[operationId] ?? "";

/** The body that the operation is called with. */
export function bodyOf({ operationId, needsBody, method, path, roles = [] }: Operation): {
  body?: unknown;
  headers?: Record<string, string>;
} {
  const body = BODIES[operationId];
  if (body === undefined) {
    // A caller who is refused before the body is looked at may send any. A limited role that gets as far as the body
    // needs a valid one.
    if (needsBody && path.includes("{") && roles.some((role) => role === "consumer" || role === "provider"))
      throw new Error(
        `${operationId} (${method} ${path}) needs a body: add a valid one to BODIES in test/api/route-samples.ts.`,
      );
    return needsBody ? { body: {} } : {};
  }
  return { body, ...(body instanceof Uint8Array && { headers: { "content-type": "application/json" } }) };
}
