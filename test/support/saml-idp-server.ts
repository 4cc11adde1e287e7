/**
 * An identity provider as a server of its own, as strict as real ones can be set. Its key is ECDSA. It takes requests
 * by HTTP-POST only, and signed. It encrypts assertions, and its single logout goes by HTTP-Redirect. It knows the
 * service by its metadata alone.
 */
import { createVerify } from "node:crypto";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { inflateRawSync } from "node:zlib";
import { DOMParser } from "@xmldom/xmldom";
import { SignedXml } from "xml-crypto";
import { encryptAssertion } from "./saml-encryption.js";
import {
  bareCertificate,
  createCurveKey,
  createSamlIdp,
  encodeResponse,
  responseXml,
  type SamlIdp,
} from "./saml-idp.js";
import { logoutQuery, logoutXml } from "./saml-logout.js";
import { element, filled, keyDescriptor } from "./xml.js";

const ECDSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256";

export interface SamlIdpServer {
  url: string;
  metadataXml: string;
  /** What it was asked, in order. A message whose signature did not hold is not among them. */
  seen: ("AuthnRequest" | "LogoutRequest" | "LogoutResponse")[];
  /** Where it sends a browser that is to be logged out everywhere. */
  logoutUrl(nameId: string): string;
  close(): void;
}

interface Idp {
  url: string;
  idp: SamlIdp;
  seen: SamlIdpServer["seen"];
  /** Entity id of the service, which is the address of its metadata. */
  service?: string;
}

/** Starts it on loopback, as another site than the service's. The person is always the same. */
export async function startSamlIdp(person: { nameId: string; groups: string[] }): Promise<SamlIdpServer> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const url = `http://localhost:${(server.address() as AddressInfo).port}`;
  const idp: Idp = {
    url,
    idp: createSamlIdp(await createCurveKey("P-256"), { entityId: `${url}/metadata`, ssoUrl: `${url}/sso` }),
    seen: [],
  };
  server.on("request", (request, response) => {
    answer(idp, person, request, response).catch((error: unknown) =>
      response.writeHead(400, { "content-type": "text/plain" }).end(String(error)),
    );
  });
  return {
    url,
    seen: idp.seen,
    metadataXml: metadataOf(idp),
    logoutUrl: (nameId) => `${url}/bye?name=${encodeURIComponent(nameId)}`,
    close() {
      server.close();
      server.closeAllConnections();
    },
  };
}

function metadataOf({ url, idp }: Idp): string {
  const service = (kind: string, binding: string, location: string) =>
    element(`md:${kind}`, { Binding: `urn:oasis:names:tc:SAML:2.0:bindings:${binding}`, Location: location });
  return filled(
    "md:EntityDescriptor",
    {
      "xmlns:md": "urn:oasis:names:tc:SAML:2.0:metadata",
      "xmlns:ds": "http://www.w3.org/2000/09/xmldsig#",
      entityID: idp.entityId,
    },
    filled(
      "md:IDPSSODescriptor",
      { WantAuthnRequestsSigned: "true", protocolSupportEnumeration: "urn:oasis:names:tc:SAML:2.0:protocol" },
      keyDescriptor(bareCertificate(idp.key.cert)),
      service("SingleLogoutService", "HTTP-Redirect", `${url}/slo`),
      service("SingleSignOnService", "HTTP-POST", `${url}/sso`),
    ),
  );
}

async function answer(
  idp: Idp,
  person: { nameId: string; groups: string[] },
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { pathname, searchParams, search } = new URL(request.url ?? "/", idp.url);
  if (pathname === "/sso" && request.method === "POST") return logIn(idp, person, await formOf(request), response);
  if (pathname === "/slo") return takeLogout(idp, searchParams, search.slice(1), response);
  if (pathname === "/bye") {
    const message = await logoutRequest(idp, searchParams.get("name") ?? "");
    const query = logoutQuery(message, { key: idp.idp.key, sigAlg: ECDSA_SHA256, relayState: "bye" });
    return redirect(response, `${await sloOf(idp)}?${query}`);
  }
  response.writeHead(404).end();
}

/**
 * Checks the signature over the request, and answers with an encrypted assertion by a form that posts itself, or by its
 * button.
 */
async function logIn(
  idp: Idp,
  person: { nameId: string; groups: string[] },
  form: URLSearchParams,
  response: ServerResponse,
): Promise<void> {
  const xml = Buffer.from(form.get("SAMLRequest") ?? "", "base64").toString("utf8");
  const find = (pattern: RegExp) => pattern.exec(xml)?.[1] ?? "";
  const [id, acsUrl, issuer] = [
    find(/ ID="([^"]*)"/),
    find(/AssertionConsumerServiceURL="([^"]*)"/),
    find(/<saml:Issuer[^>]*>([^<]*)</),
  ];
  idp.service = issuer;
  if (!isSigned(xml, await certificateOf(idp, "signing"))) throw new Error("the request is not signed");
  idp.seen.push("AuthnRequest");
  const parts = idp.idp.parts(
    { id, acsUrl, issuer },
    {
      nameId: person.nameId,
      sessionIndex: "_browser",
      attributes: [
        ["groups", person.groups],
        ["displayName", ["Erika Example"]],
      ],
    },
  );
  const signing = { signatureAlgorithm: ECDSA_SHA256 };
  const inside = idp.idp.sign(responseXml(parts), { ...signing, what: ["Assertion"] });
  const sealed = idp.idp.sign(
    encryptAssertion(inside, { certificate: await certificateOf(idp, "encryption"), cipher: "aes256-cbc" }),
    { ...signing, what: ["Response"] },
  );
  const hidden = (name: string, value: string) => `<input type="hidden" name="${name}" value="${value}">`;
  const fields = hidden("SAMLResponse", encodeResponse(sealed)) + hidden("RelayState", form.get("RelayState") ?? "");
  response.writeHead(200, { "content-type": "text/html" });
  response.end(
    `<form method="post" action="${acsUrl}">${fields}<button>Go on</button></form>` +
      "<script>document.forms[0].submit()</script>",
  );
}

/** Both messages of single logout come here. Each must be signed over its query. */
async function takeLogout(idp: Idp, query: URLSearchParams, raw: string, response: ServerResponse): Promise<void> {
  const [signed = "", signature = ""] = raw.split("&Signature=");
  if (
    !createVerify("RSA-SHA256")
      .update(signed)
      .verify(await certificateOf(idp, "signing"), decodeURIComponent(signature), "base64")
  )
    throw new Error("the message is not signed");
  if (query.has("SAMLResponse")) {
    idp.seen.push("LogoutResponse");
    response
      .writeHead(200, { "content-type": "text/html" })
      .end(`<h1>Goodbye</h1><p>${query.get("RelayState") ?? ""}</p>`);
    return;
  }
  idp.seen.push("LogoutRequest");
  const asked = inflateRawSync(Buffer.from(query.get("SAMLRequest") ?? "", "base64")).toString("utf8");
  const destination = await sloOf(idp);
  const xml = logoutXml({
    name: "LogoutResponse",
    issuer: idp.idp.entityId,
    destination,
    inResponseTo: / ID="([^"]*)"/.exec(asked)?.[1] ?? "",
  });
  redirect(
    response,
    `${destination}?${logoutQuery(xml, { key: idp.idp.key, kind: "SAMLResponse", sigAlg: ECDSA_SHA256 })}`,
  );
}

const logoutRequest = async (idp: Idp, nameId: string): Promise<string> =>
  logoutXml({ name: "LogoutRequest", issuer: idp.idp.entityId, destination: await sloOf(idp), nameId });
const redirect = (response: ServerResponse, location: string): void => void response.writeHead(303, { location }).end();

const serviceMetadata = async ({ service = "" }: Idp): Promise<string> => (await fetch(service)).text();

async function sloOf(idp: Idp): Promise<string> {
  return (
    /<SingleLogoutService Binding="[^"]*HTTP-Redirect" Location="([^"]*)"/.exec(await serviceMetadata(idp))?.[1] ?? ""
  );
}

/** PEM of the service's certificate for this use. */
async function certificateOf(idp: Idp, use: "signing" | "encryption"): Promise<string> {
  const base64 =
    new RegExp(`<KeyDescriptor use="${use}">[^]*?<ds:X509Certificate>([^<]*)`).exec(await serviceMetadata(idp))?.[1] ??
    "";
  return `-----BEGIN CERTIFICATE-----\n${base64.replaceAll(/.{64}/g, "$&\n")}\n-----END CERTIFICATE-----\n`;
}

function isSigned(xml: string, certificate: string): boolean {
  const [signature] = Array.from(new DOMParser().parseFromString(xml, "text/xml").getElementsByTagName("ds:Signature"));
  if (!signature) return false;
  const verifier = new SignedXml({ publicCert: certificate });
  verifier.loadSignature(signature);
  return verifier.checkSignature(xml);
}

async function formOf(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return new URLSearchParams(Buffer.concat(chunks).toString("utf8"));
}
