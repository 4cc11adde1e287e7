import { DOMParser } from "@xmldom/xmldom";
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { createSamlIdp, createSamlKey } from "../../../support/saml-idp.js";
import { type RunningApi, startApi } from "../../running-api.js";

let api: RunningApi;
let ids: string[];
const PUBLIC_URL = "https://hooks.example.com/a&b<c";

beforeAll(async () => {
  api = await startApi({
    temporalAddress: inject("temporalAddress"),
    mongodbUrl: inject("mongodbUrl"),
    settings: { publicUrl: PUBLIC_URL },
  });
  ids = [];
});
afterAll(() => api?.close());

async function connect(): Promise<string> {
  const answer = await api.call("POST", "/v1/saml-connections", {
    body: { name: "Example", metadataXml: createSamlIdp(await createSamlKey()).metadataXml() },
  });
  return String(answer.body["id"]);
}

test("the service's own metadata is public, well-formed, and says what the identity provider must do", async () => {
  expect(await api.problem("GET", "/saml/metadata", { key: "" })).toMatchObject({ status: 404 });
  ids.push(await connect());
  const answer = await api.call("GET", `/saml/metadata/${ids[0]}`, { key: "" });
  expect(answer.headers["content-type"]).toBe("application/samlmetadata+xml");
  const root = new DOMParser().parseFromString(answer.text, "text/xml").documentElement;
  expect(root.getAttribute("entityID")).toBe(`${PUBLIC_URL}/saml/metadata/${ids[0]}`);
  const [descriptor] = Array.from(root.getElementsByTagName("SPSSODescriptor"));
  expect(descriptor?.getAttribute("WantAssertionsSigned")).toBe("true");
  expect(descriptor?.getAttribute("AuthnRequestsSigned")).toBe("false");
  const [acs] = Array.from(root.getElementsByTagName("AssertionConsumerService"));
  expect(acs?.getAttribute("Binding")).toBe("urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST");
  expect(acs?.getAttribute("Location")).toBe(`${PUBLIC_URL}/saml/acs/${ids[0]}`);
  const logout = Array.from(root.getElementsByTagName("SingleLogoutService"));
  expect(logout.map((each) => each.getAttribute("Binding")?.split(":").at(-1))).toEqual(["HTTP-Redirect", "HTTP-POST"]);
  expect(new Set(logout.map((each) => each.getAttribute("Location")))).toEqual(
    new Set([`${PUBLIC_URL}/saml/slo/${ids[0]}`]),
  );
  // In the order of the schema (metadata, 2.4.1 and 2.4.4).
  expect(
    Array.from(descriptor?.childNodes ?? [])
      .filter(({ nodeType }) => nodeType === 1)
      .map(({ nodeName }) => nodeName),
  ).toEqual([
    "KeyDescriptor",
    "KeyDescriptor",
    "SingleLogoutService",
    "SingleLogoutService",
    "AssertionConsumerService",
  ]);
  expect(
    Array.from(root.getElementsByTagName("EncryptionMethod")).map((each) => each.getAttribute("Algorithm")),
  ).not.toContain("http://www.w3.org/2001/04/xmlenc#rsa-1_5");
});

test("without an id it is that of the only connection, or of the one named in the query", async () => {
  expect((await api.call("GET", "/saml/metadata", { key: "" })).text).toContain(ids[0]);
  ids.push(await connect());
  expect(await api.problem("GET", "/saml/metadata", { key: "" })).toMatchObject({ status: 404 });
  expect((await api.call("GET", `/saml/metadata?connection=${ids[1]}`, { key: "" })).text).toContain(ids[1]);
  expect(
    await api.problem("GET", "/saml/metadata?connection=sso_01K3ZJ8Q5T9V7X2M4N6P8R0S1W", { key: "" }),
  ).toMatchObject({ status: 404 });
  expect(await api.problem("GET", "/saml/metadata?connection=x", { key: "" })).toMatchObject({ status: 400 });
  expect(await api.problem("GET", "/saml/metadata/sso_01K3ZJ8Q5T9V7X2M4N6P8R0S1W", { key: "" })).toMatchObject({
    status: 404,
  });
  expect(await api.problem("GET", "/saml/metadata/..%2f", { key: "" })).toMatchObject({ status: 404 });
});
