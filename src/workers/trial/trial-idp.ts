/**
 * The trial identity provider. It has a few people who log in with one click, so that a newcomer sees a log-in at once.
 * Every user of this machine can log in as its admin. So it listens on loopback only, ends with the process, and never
 * runs in production.
 */
// tsyringe, below @peculiar/x509, needs it at import.
import "reflect-metadata";
import { webcrypto } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { promisify } from "node:util";
import { inflateRaw } from "node:zlib";
import * as x509 from "@peculiar/x509";
import { readBody } from "../../api/http/body.js";
import { html, type Html } from "../../api/pages/html.js";
import { STYLESHEET } from "../../api/pages/stylesheet.js";
import { acsUrl, spEntityId } from "../../api/saml/addresses.js";
import { readCertificate } from "../../api/saml/certificates.js";
import type { SamlConnection } from "../../store/collections/saml-connections.js";
import type { Store } from "../../store/store.js";
import { DEMO_API, DEMO_GROUP, unlessThere } from "./demo.js";
import { PEOPLE } from "./people.js";
import { DAY_MS } from "../../workflows/durations.js";

// Always the same ids, so that each start finds those of the last one. They have the form that the API asks for.
export const TRIAL_CONNECTION = `sso_${"TRY".padStart(26, "0")}`;
const ENTITY_ID = "urn:sealpost:trial-identity-provider";
const BODY_LIMIT_BYTES = 64 * 1024;

export interface TrialIdp {
  url: string;
  /** Creates the connection, or points it at this start's address and certificate. */
  register(store: Store): Promise<void>;
  close(): Promise<void>;
}

type SamlProgram = (typeof import("@boxyhq/saml20"))["default"];

/** The program is a development dependency, which a production image does not have. */
async function loadProgram(): Promise<SamlProgram | undefined> {
  try {
    const loaded = (await import("@boxyhq/saml20")) as unknown as { default: SamlProgram & { default?: SamlProgram } };
    return loaded.default.default ?? loaded.default;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_MODULE_NOT_FOUND") return undefined;
    throw error;
  }
}

/**
 * Starts it for the service at this address. Undefined when it is not installed. Key and certificate are made now and
 * kept in memory.
 */
export async function startTrialIdp(publicUrl: string): Promise<TrialIdp | undefined> {
  const program = await loadProgram();
  if (!program) return undefined;
  const { key, cert } = await makeKey();
  const server = createServer();
  await new Promise<void>((resolve, reject) => server.once("error", reject).listen(0, "127.0.0.1", resolve));
  // Another site than the service's, as in real life. Browsers treat localhost and 127.0.0.1 as different sites.
  const host = new URL(publicUrl).hostname === "localhost" ? "127.0.0.1" : "localhost";
  const url = `http://${host}:${(server.address() as AddressInfo).port}`;
  const idp: Idp = {
    url,
    acs: acsUrl(publicUrl, TRIAL_CONNECTION),
    audience: spEntityId(publicUrl, TRIAL_CONNECTION),
    program,
    key,
    cert,
  };
  server.on("request", (request, response) => {
    answer(idp, request, response).catch(() =>
      sendText(
        response,
        400,
        "This log-in does not come from the service beside this trial identity provider. Start the log-in there.",
      ),
    );
  });
  return { url, register: (store) => register(store, { ssoUrl: `${url}/sso`, cert }), close: () => closed(server) };
}

async function makeKey(): Promise<{ key: string; cert: string }> {
  const algorithm = {
    name: "RSASSA-PKCS1-v1_5",
    hash: "SHA-256",
    modulusLength: 2_048,
    publicExponent: new Uint8Array([1, 0, 1]),
  };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: "CN=Sealpost trial identity provider",
    keys,
    signingAlgorithm: algorithm,
    notBefore: new Date(Date.now() - DAY_MS),
    notAfter: new Date(Date.now() + 365 * DAY_MS),
  });
  return {
    cert: certificate.toString("pem"),
    key: x509.PemConverter.encode(await webcrypto.subtle.exportKey("pkcs8", keys.privateKey), "PRIVATE KEY"),
  };
}

async function register(store: Store, { ssoUrl, cert }: { ssoUrl: string; cert: string }): Promise<void> {
  const read = readCertificate(cert, new Date());
  if (!read.ok) throw new Error("The trial identity provider's own certificate cannot be read.");
  const now = { createdAt: new Date(), updatedAt: new Date() };
  const group = (name: string): string => PEOPLE.get(name)?.group ?? "";
  const pointed: Pick<SamlConnection, "entityId" | "ssoUrl" | "certificates" | "status"> = {
    entityId: ENTITY_ID,
    ssoUrl,
    certificates: [read.certificate],
    status: "enabled",
  };
  await unlessThere(
    store.groups.insert({ id: DEMO_GROUP, name: "Demo consumers", grants: [], samlGroups: [], ...now }),
  );
  await store.groups.update(DEMO_GROUP, (current) => ({
    ...current,
    samlGroups: [...new Set([...current.samlGroups, group("consumer")])],
  }));
  const roles: SamlConnection["roles"] = [
    { samlGroup: group("admin"), role: "admin" },
    { samlGroup: group("provider"), role: "provider", apiIds: [DEMO_API] },
    { samlGroup: group("operator"), role: "operator" },
  ];
  await unlessThere(
    store.samlConnections.insert({
      id: TRIAL_CONNECTION,
      name: "Trial",
      ...pointed,
      requireSignedResponse: true,
      idpInitiated: false,
      groupIds: [DEMO_GROUP],
      roles,
      ...now,
    }),
  );
  await store.samlConnections.update(TRIAL_CONNECTION, (current) => ({
    // A role that an earlier version did not have is added by the next start. What a person changed stays.
    ...current,
    ...pointed,
    roles: [
      ...current.roles,
      ...roles.filter(({ samlGroup }) => !current.roles.some((each) => each.samlGroup === samlGroup)),
    ],
  }));
}

/** In production nobody may log in through a trial that once ran on this database. */
export async function retireTrial(store: Store): Promise<void> {
  const connection = await store.samlConnections.get(TRIAL_CONNECTION);
  if (connection?.status === "enabled")
    await store.samlConnections.update(TRIAL_CONNECTION, (current) => ({ ...current, status: "disabled" }));
}

interface Idp {
  url: string;
  /** The one address that responses are made for. */
  acs: string;
  audience: string;
  program: SamlProgram;
  key: string;
  cert: string;
}

async function answer(idp: Idp, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? "/", idp.url);
  // The request was for another name that was made to point at 127.0.0.1. It is not answered.
  if (request.headers.host !== new URL(idp.url).host)
    return sendText(response, 421, "This is not the address of the trial identity provider.");
  if (request.method === "GET" && pathname === "/style.css")
    return void response.writeHead(200, { "content-type": "text/css; charset=utf-8" }).end(STYLESHEET);
  if (request.method === "GET" && pathname === "/post.js")
    return void response
      .writeHead(200, { "content-type": "text/javascript; charset=utf-8" })
      .end("document.forms[0].submit();\n");
  if (pathname !== "/sso") return sendPage(idp, response, chooser(undefined));
  if (request.method !== "POST") return sendPage(idp, response, chooser(searchParams));
  if (request.headers.origin !== idp.url)
    return sendText(response, 403, "Choose a person on the page of the trial identity provider.");
  const body = await readBody(request, BODY_LIMIT_BYTES);
  if (!body.ok) return sendText(response, 413, "The form is too large for a log-in.");
  const form = new URLSearchParams(body.bytes.toString("utf8"));
  sendPage(idp, response, await respond(idp, form));
}

/**
 * A signed response to the request, for the chosen person. Rejects when the request is not from the service beside it.
 */
async function respond(idp: Idp, form: URLSearchParams): Promise<Html> {
  const xml = await promisify(inflateRaw)(Buffer.from(form.get("SAMLRequest") ?? "", "base64"), {
    maxOutputLength: BODY_LIMIT_BYTES,
  });
  const {
    id,
    acsUrl: acs,
    audience,
  } = (await idp.program.parseSAMLRequest(xml.toString("utf8"), false)) as Record<"id" | "acsUrl" | "audience", string>;
  const person = PEOPLE.get(form.get("person") ?? "");
  if (!person || acs !== idp.acs || audience !== idp.audience) throw new Error("not a request of this service");
  const signed = await idp.program.createSAMLResponse({
    audience,
    issuer: ENTITY_ID,
    acsUrl: acs,
    requestId: id,
    privateKey: idp.key,
    publicKey: idp.cert,
    ttlInMinutes: 4,
    claims: { email: person.email, raw: { email: person.email, displayName: person.name, groups: [person.group] } },
  });
  return html`<h1>Logging in as ${person.name} …</h1>
<form method="post" action="${idp.acs}">
<input type="hidden" name="SAMLResponse" value="${Buffer.from(signed).toString("base64")}">
<input type="hidden" name="RelayState" value="${form.get("RelayState") ?? ""}"><button>Go on</button></form>
<script src="/post.js"></script>`;
}

function chooser(request: URLSearchParams | undefined): Html {
  const samlRequest = request?.get("SAMLRequest");
  if (!samlRequest) return html`<h1>Trial identity provider</h1><p>Start a log-in at the service; it leads here.</p>`;
  const people = [...PEOPLE].map(
    ([id, { name, email, may }]) =>
      html`<div class="row"><div class="grow"><strong>${name}</strong>, ${id}<br>
<span class="quiet small">${email}; ${may}</span></div>
<button name="person" value="${id}" aria-label="Log in as ${name}, ${id}">Log in</button></div>`,
  );
  return html`<h1>Who are you today?</h1><p class="quiet">Nobody asks for a password here.</p>
<form method="post" action="/sso"><input type="hidden" name="SAMLRequest" value="${samlRequest}">
<input type="hidden" name="RelayState" value="${request?.get("RelayState") ?? ""}">
${people}</form>`;
}

function sendPage(idp: Idp, response: ServerResponse, main: Html): void {
  const page = html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Trial identity provider</title><link rel="stylesheet" href="/style.css"></head>
<body><header><span class="brand">Trial identity provider</span></header>
<main><div class="alert" role="note"><p><strong>For trial only.</strong>
It runs on this machine, beside Sealpost, and lets anybody here in. It never runs in production.</p></div>
<div class="card">${main}</div></main></body></html>
`;
  response
    .writeHead(200, {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      "referrer-policy": "same-origin",
      "content-security-policy":
        "default-src 'none'; script-src 'self'; style-src 'self'; form-action 'self' " +
        `${new URL(idp.acs).origin}; base-uri 'none'; frame-ancestors 'none'`,
    })
    .end(page.text);
}

const sendText = (response: ServerResponse, status: number, text: string): void =>
  void response.writeHead(status, { "content-type": "text/plain; charset=utf-8" }).end(`${text}\n`);

const closed = (server: Server): Promise<void> =>
  new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
