/**
 * A browser as far as log-ins need one: cookies, the headers of a page, no redirects of its own. And a company with an
 * identity provider.
 */
import { parseSetCookie } from "cookie";
import { request as send } from "undici";
import { SESSION_COOKIE } from "../../src/api/http/cookies.js";
import type { SamlConnection } from "../../src/store/collections/saml-connections.js";
import { newId } from "../../src/store/ids.js";
import {
  createSamlIdp,
  createSamlKey,
  type ReadRequest,
  readRequest,
  type ResponseParts,
  type SamlIdp,
  type SamlKey,
} from "../support/saml-idp.js";
import { connectionTo } from "./saml/connection.js";
import type { RunningApi } from "./running-api.js";

export interface Visit {
  status: number;
  location: string | undefined;
  /** Set-Cookie lines as they came. */
  setCookies: string[];
  headers: Record<string, string | string[] | undefined>;
  text: string;
  json: Record<string, unknown>;
}

export interface Browser {
  cookies: Map<string, string>;
  get(path: string, headers?: Record<string, string>): Promise<Visit>;
  /** A form, as a page of the service posts it. */
  submit(path: string, form?: Record<string, string>, headers?: Record<string, string>): Promise<Visit>;
  /** A call that a script of a page of the service makes. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Visit>;
}

const PAGE = { accept: "text/html,application/xhtml+xml", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document" };

export function createBrowser(url: string): Browser {
  const cookies = new Map<string, string>();
  /**
   * SameSite=Lax: the identity provider's post does not carry these. Elsewhere they go along, so that the checks behind
   * SameSite are tried too.
   */
  const keptAtHome = new Set<string>([SESSION_COOKIE]);
  async function visit(method: string, path: string, headers: Record<string, string>, body?: string): Promise<Visit> {
    const sent =
      path.startsWith("/saml/acs/") && headers["sec-fetch-site"] === "cross-site"
        ? [...cookies].filter(([name]) => !keptAtHome.has(name))
        : [...cookies];
    const cookie = sent.map(([name, value]) => `${name}=${value}`).join("; ");
    const answer = await send(path.startsWith("http") ? path : `${url}${path}`, {
      method: method as "GET",
      headers: { ...(cookie !== "" && { cookie }), ...headers },
      ...(body !== undefined && { body }),
    });
    const text = await answer.body.text();
    const setCookies = [answer.headers["set-cookie"] ?? []].flat();
    for (const line of setCookies) {
      const { name, value, maxAge, sameSite } = parseSetCookie(line);
      if (sameSite !== "none") keptAtHome.add(name);
      if (maxAge === 0 || value === undefined || value === "") cookies.delete(name);
      else cookies.set(name, value);
    }
    const json =
      String(answer.headers["content-type"]).includes("json") && text !== ""
        ? (JSON.parse(text) as Record<string, unknown>)
        : {};
    return {
      status: answer.statusCode,
      location: answer.headers.location as string | undefined,
      setCookies,
      headers: answer.headers,
      text,
      json,
    };
  }
  return {
    cookies,
    get: (path, headers = {}) => visit("GET", path, { ...PAGE, "sec-fetch-site": "none", ...headers }),
    submit: (path, form = {}, headers = {}) =>
      visit(
        "POST",
        path,
        {
          ...PAGE,
          origin: url,
          "sec-fetch-site": "same-origin",
          "content-type": "application/x-www-form-urlencoded",
          ...headers,
        },
        new URLSearchParams(form).toString(),
      ),
    call: (method, path, body, headers = {}) =>
      visit(
        method,
        path,
        {
          "sec-fetch-site": "same-origin",
          "sec-fetch-mode": "cors",
          "sec-fetch-dest": "empty",
          ...(method !== "GET" && { origin: url }),
          ...(body !== undefined && { "content-type": "application/json" }),
          ...headers,
        },
        body === undefined ? undefined : JSON.stringify(body),
      ),
  };
}

export interface Company {
  connection: SamlConnection;
  idp: SamlIdp;
  /** Takes the browser to the identity provider and reads what the service asked there. */
  begin(browser: Browser, returnTo?: string): Promise<ReadRequest>;
  /** Posts a response, as the identity provider's page has the browser do. */
  finish(browser: Browser, request: ReadRequest, changes?: Partial<ResponseParts>): Promise<Visit>;
  /** Both. */
  logIn(
    browser: Browser,
    person: { nameId: string; groups: string[] },
    changes?: Partial<ResponseParts>,
  ): Promise<Visit>;
}

let key: Promise<SamlKey> | undefined;

/** A connection of its own, whose identity provider is the test's. */
export async function makeCompany(api: RunningApi, fields: Partial<SamlConnection> = {}): Promise<Company> {
  key ??= createSamlKey();
  const id = newId("sso");
  const idp = createSamlIdp(await key, {
    entityId: `https://idp.example/${id}`,
    ssoUrl: `https://idp.example/sso/${id}`,
  });
  const connection: SamlConnection = { ...connectionTo(idp), id, name: id, ...fields };
  await api.store.samlConnections.insert(connection);
  const company: Company = {
    connection,
    idp,
    async begin(browser, returnTo) {
      const { status, location, text } = await browser.get(
        `/saml/login?connection=${id}${returnTo === undefined ? "" : `&returnTo=${encodeURIComponent(returnTo)}`}`,
      );
      if (status !== 303 || !location) throw new Error(`No redirect to the identity provider: ${status} ${text}`);
      return readRequest(location);
    },
    finish: (browser, request, changes = {}) =>
      browser.submit(
        `/saml/acs/${id}`,
        { SAMLResponse: idp.respond(request, changes), RelayState: request.relayState },
        { origin: new URL(idp.ssoUrl).origin, "sec-fetch-site": "cross-site" },
      ),
    async logIn(browser, { nameId, groups }, changes = {}) {
      return company.finish(browser, await company.begin(browser), {
        nameId,
        attributes: [
          ["groups", groups],
          ["email", [`${nameId}@example.com`]],
          ["displayName", [`Person ${nameId}`]],
        ],
        ...changes,
      });
    },
  };
  return company;
}
