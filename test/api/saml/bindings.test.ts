/** Requests as identity providers check them: the signature over the address, the signature in the form. */
import { createVerify } from "node:crypto";
import { inflateRawSync } from "node:zlib";
import { DOMParser } from "@xmldom/xmldom";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { SignedXml } from "xml-crypto";
import { newSpKey, rotatedSpKeys } from "../../../src/api/saml/sp-keys.js";
import type { SamlConnection, SpKey } from "../../../src/store/collections/saml-connections.js";
import { type Bench, openBench } from "./connection.js";

let bench: Bench;
let key: SpKey;
const connectionWith = ({
  ssoUrl = bench.connection.ssoUrl ?? "",
  ssoPostUrl,
  ...changes
}: Partial<SamlConnection>): SamlConnection => {
  const { ssoUrl: _redirect, ...rest } = bench.connection;
  return { ...rest, keys: [key], ...(ssoPostUrl === undefined ? { ssoUrl } : { ssoPostUrl }), ...changes };
};
const POST_ONLY = { ssoPostUrl: "https://idp.example/sso/post" };

beforeAll(async () => {
  bench = await openBench(inject("mongodbUrl"));
  key = await newSpKey(bench.connection.id);
});
afterAll(() => bench?.database.close());

/** As SAML 2.0 bindings, 3.4.4.1 has the receiver do it: over the parameters as they came. */
function holdsFor(url: string, certificate: string): boolean {
  const [signed = "", signature = ""] = (url.split("?").at(-1) ?? "").split("&Signature=");
  const part = signed.slice(signed.indexOf("SAMLRequest="));
  return createVerify("RSA-SHA256").update(part).verify(certificate, decodeURIComponent(signature), "base64");
}

describe("by a redirect", () => {
  test("a request is signed where the connection says so, and then every part of it counts", async () => {
    const { url, fields } = await bench.provider.begin(connectionWith({ signRequests: true }), "relay+state&more");
    expect(fields).toBeUndefined();
    expect(url).toMatch(
      /\?SAMLRequest=[^&]+&RelayState=[^&]+&SigAlg=http%3A%2F%2Fwww.w3.org%2F2001%2F04%2Fxmldsig-more%23rsa-sha256&Signature=[^&]+$/,
    );
    expect(new URL(url).searchParams.get("RelayState")).toBe("relay+state&more");
    expect(holdsFor(url, key.certificate)).toBe(true);
    expect(holdsFor(url.replace("RelayState=relay", "RelayState=other"), key.certificate)).toBe(false);
    expect(
      inflateRawSync(Buffer.from(new URL(url).searchParams.get("SAMLRequest") ?? "", "base64")).toString(),
    ).toContain("<samlp:AuthnRequest");
  });

  test("it is unsigned otherwise, and an address with a query of its own keeps it", async () => {
    const plain = await bench.provider.begin(connectionWith({ ssoUrl: "https://idp.example/sso?tenant=a%20b" }), "s");
    expect(plain.url).toMatch(/^https:\/\/idp\.example\/sso\?tenant=a%20b&SAMLRequest=[^&]+&RelayState=s$/);
    const signed = await bench.provider.begin(
      connectionWith({ ssoUrl: "https://idp.example/sso?tenant=a%20b", signRequests: true }),
      "s",
    );
    expect(holdsFor(signed.url, key.certificate)).toBe(true);
  });

  test("during an overlap the key that the provider knows already signs", async () => {
    const next = await newSpKey(bench.connection.id);
    const { url } = await bench.provider.begin(
      connectionWith({ signRequests: true, keys: rotatedSpKeys([key], next, 60) }),
      "s",
    );
    expect([holdsFor(url, key.certificate), holdsFor(url, next.certificate)]).toEqual([true, false]);
    const after = await bench.provider.begin(
      connectionWith({ signRequests: true, keys: rotatedSpKeys([key], next, 0) }),
      "s",
    );
    expect(holdsFor(after.url, next.certificate)).toBe(true);
  });
});

describe("by a form", () => {
  const xmlOf = (fields: Readonly<Record<string, string>> | undefined) =>
    Buffer.from(fields?.["SAMLRequest"] ?? "", "base64").toString("utf8");

  test("a request is not deflated, names where it goes, and is unsigned unless the connection says so", async () => {
    const { url, fields, requestId } = await bench.provider.begin(connectionWith(POST_ONLY), "s");
    expect(url).toBe(POST_ONLY.ssoPostUrl);
    expect(Object.keys(fields ?? {})).toEqual(["SAMLRequest", "RelayState"]);
    expect(xmlOf(fields)).toContain(`ID="${requestId}"`);
    expect(xmlOf(fields)).toContain(`Destination="${POST_ONLY.ssoPostUrl}"`);
    expect(xmlOf(fields)).not.toContain("Signature");
  });

  test("a signed one has its signature right after the issuer, over the whole", async () => {
    const { fields } = await bench.provider.begin(connectionWith({ ...POST_ONLY, signRequests: true }), "s");
    const xml = xmlOf(fields);
    const root = new DOMParser().parseFromString(xml, "text/xml").documentElement;
    expect(
      Array.from(root.childNodes)
        .map(({ nodeName }) => nodeName)
        .slice(0, 2),
    ).toEqual(["saml:Issuer", "ds:Signature"]);
    const holds = (text: string) => {
      const verifier = new SignedXml({ publicCert: key.certificate });
      verifier.loadSignature(
        Array.from(
          new DOMParser().parseFromString(text, "text/xml").getElementsByTagName("ds:Signature"),
        )[0] as unknown as Node,
      );
      try {
        return verifier.checkSignature(text);
      } catch {
        return false;
      }
    };
    expect(holds(xml)).toBe(true);
    expect(
      holds(xml.replace('AssertionConsumerServiceURL="', 'AssertionConsumerServiceURL="https://evil.example/')),
    ).toBe(false);
  });
});
