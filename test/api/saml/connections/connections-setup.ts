import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, inject } from "vitest";
import { createSamlIdp, createSamlKey, type SamlIdp } from "../../../support/saml-idp.js";
import { type RunningApi, startApi } from "../../running-api.js";

export const DAY_MS = 86_400_000;
export let api: RunningApi;
let server: Server;
export type Answer = { status: number; body: string | Buffer; headers?: Record<string, string> };
/** What the other side answers. */
export const other: { answer: Answer } = { answer: { status: 200, body: "" } };
export let origin: string;
export let idp: SamlIdp;

export interface View {
  id: string;
  certificates: { fingerprint256: string; pem: string }[];
  certificateExpiresAt: string;
  expiring: boolean;
  acsUrl: string;
  spEntityId: string;
  [field: string]: unknown;
}
export const create = async (body: Record<string, unknown>): Promise<View> => {
  const answer = await api.call<View>("POST", "/v1/saml-connections", { body: { name: "Example", ...body } });
  expect(answer.status, answer.text).toBe(201);
  return answer.body;
};
export const METADATA_REFUSED = { status: 422, code: "saml_metadata_refused" };

/** What each of the files needs that begin with `connections`: call it once at the top. */
export function setUpConnections(): void {
  beforeAll(async () => {
    server = createServer(
      (_request, response) => void response.writeHead(other.answer.status, other.answer.headers).end(other.answer.body),
    );
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    api = await startApi({
      temporalAddress: inject("temporalAddress"),
      mongodbUrl: inject("mongodbUrl"),
      guard: { alwaysAllowedOrigins: [origin] },
    });
    idp = createSamlIdp(await createSamlKey());
  });
  afterAll(async () => {
    await api?.close();
    server?.close();
  });
}
