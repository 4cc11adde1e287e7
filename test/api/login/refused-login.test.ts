/** A log-in that is refused tells the person why, and what to do at which end. */
import { afterAll, beforeAll, expect, inject, test } from "vitest";
import { encodeResponse, responseXml } from "../../support/saml-idp.js";
import { type Company, createBrowser, makeCompany } from "../browser.js";
import { type RunningApi, startApi } from "../running-api.js";

let api: RunningApi;
let company: Company;
beforeAll(async () => {
  api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
  company = await makeCompany(api, { roles: [{ samlGroup: "ops", role: "operator" }] });
});
afterAll(() => api?.close());

const audits = async (action: string) =>
  (await api.store.audit.list({ limit: 250 })).data.filter((entry) => entry.action === action);
const memberOf = (groups: string[], nameId: string) => ({ nameId, groups });

test("a log-in that the identity provider denied says so, with its code, on the page and in the audit", async () => {
  const browser = createBrowser(api.url);
  const request = await company.begin(browser);
  const code = (name: string, inner = "") =>
    `<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:${name}">${inner}</samlp:StatusCode>`;
  const xml = responseXml(company.idp.parts(request))
    .replace(/<samlp:StatusCode [^>]*>/, code("Responder", code("RequestDenied")))
    .replace(/<saml:Assertion.*<\/saml:Assertion>/, "");
  const back = await browser.submit(
    `/saml/acs/${company.connection.id}`,
    { SAMLResponse: encodeResponse(company.idp.sign(xml, { what: ["Response"] })), RelayState: request.relayState },
    { origin: new URL(company.idp.ssoUrl).origin, "sec-fetch-site": "cross-site" },
  );
  expect(back.status).toBe(401);
  expect(back.text).toContain("Responder/RequestDenied");
  expect((await audits("session.refuse"))[0]).toMatchObject({
    subject: company.connection.id,
    detail: { code: "status_not_success", status: "Responder/RequestDenied" },
  });
});

test("a log-in without groups says why, where the provider sent a link instead", async () => {
  const back = await company.logIn(createBrowser(api.url), memberOf([], "many"), {
    attributes: [["http://schemas.microsoft.com/claims/groups.link", ["https://graph.windows.net/x"]]],
  });
  expect(back.status).toBe(403);
  expect(back.text).toMatch(/groups\.link.*Groups assigned to the application/);
  expect((await company.logIn(createBrowser(api.url), memberOf(["nothing"], "few"))).text).not.toContain("groups.link");
});
