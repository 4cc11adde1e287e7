/**
 * The API before a server that stands for the Temporal UI's: it keeps what it was asked, and answers as a test wants.
 */
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, beforeEach, expect, inject } from "vitest";
import { SESSION_COOKIE } from "../../../src/api/http/cookies.js";
import type { Role } from "../../../src/store/model.js";
import { type Browser, type Company, createBrowser, makeCompany } from "../browser.js";
import { type RunningApi, startApi } from "../running-api.js";

export const NS = "/temporal/api/v1/namespaces/default";
export const INLINE = "\n  start();\n";
export const PAGE = `<!doctype html><html><body><script>${INLINE}</script></body></html>`;
export const NONCE_POLICY =
  "base-uri 'self'; default-src 'none'; style-src 'nonce-abc'; script-src 'nonce-abc'; frame-ancestors 'self'";

interface Seen {
  method: string;
  url: string;
  headers: IncomingHttpHeaders;
  body: string;
}

export interface UiFixture {
  api: RunningApi;
  company: Company;
  people: Record<Role, Browser>;
  /** Where the UI's server listens. */
  address: string;
  seen: Seen[];
  /** How the UI's server answers. Tests put their own here. */
  answer: (request: IncomingMessage, response: ServerResponse) => void;
  /** As at the beginning of each test. */
  reset(): void;
  close(): Promise<void>;
}

export function usual(request: IncomingMessage, response: ServerResponse): void {
  const path = request.url ?? "";
  response.appendHeader("set-cookie", "_csrf=t0ken; Path=/; SameSite=Strict");
  response.appendHeader("set-cookie", `${SESSION_COOKIE}=forged; Path=/`);
  response.setHeader("access-control-allow-origin", "*");
  response.setHeader("server", "echo");
  if (path.startsWith("/temporal/temporal/render"))
    return void response
      .writeHead(200, { "content-type": "text/html", "content-security-policy": NONCE_POLICY })
      .end("<p>x</p>");
  if (path.startsWith("/temporal/api/v1/settings"))
    return void response
      .writeHead(200, { "content-type": "application/json" })
      .end(
        JSON.stringify({
          Version: "2.54.1",
          WorkflowTerminateDisabled: false,
          Codec: { Endpoint: "https://elsewhere.example" },
        }),
      );
  if (path.startsWith("/temporal/api/"))
    return void response.writeHead(200, { "content-type": "application/json" }).end("{}");
  if (path.startsWith("/temporal/_app/"))
    return void response.writeHead(200, { "content-type": "text/javascript" }).end("1");
  response.writeHead(200, { "content-type": "text/html" }).end(PAGE);
}

/** Starts both, with a person in each role who has logged in. */
async function startBehind(): Promise<UiFixture> {
  const upstream = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      fixture.seen.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body });
      fixture.answer(request, response);
    });
  });
  await new Promise<void>((resolve) => upstream.listen(0, "127.0.0.1", resolve));
  const address = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
  const api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    temporalUi: { address, answerWithinMs: 15_000 },
  });
  const { body: group } = await api.call("POST", "/v1/groups", { body: { name: "g", samlGroups: ["consumer"] } });
  const company = await makeCompany(api, {
    groupIds: [String(group["id"])],
    roles: (["admin", "provider", "operator", "auditor"] as const).map((role) => ({ samlGroup: role, role })),
  });
  const fixture: UiFixture = {
    api,
    company,
    address,
    people: {} as Record<Role, Browser>,
    seen: [],
    answer: usual,
    reset() {
      fixture.seen = [];
      fixture.answer = usual;
    },
    async close() {
      await api.close();
      upstream.close();
      upstream.closeAllConnections();
    },
  };
  for (const role of ["admin", "provider", "operator", "auditor", "consumer"] as const) {
    fixture.people[role] = createBrowser(api.url);
    expect((await company.logIn(fixture.people[role], { nameId: role, groups: [role] })).status).toBe(303);
  }
  return fixture;
}

export let ui: UiFixture;
export let api: UiFixture["api"];
export let company: UiFixture["company"];
export let people: UiFixture["people"];

/** Starts both before the tests of a file, and forgets before each of them what the last one did. */
export function setUpBehind(): void {
  beforeAll(async () => {
    ui = await startBehind();
    ({ api, company, people } = ui);
  });
  beforeEach(() => ui.reset());
  afterAll(() => ui?.close());
}
