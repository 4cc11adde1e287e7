import { afterAll, beforeAll, expect, inject } from "vitest";
import type { SamlConnection } from "../../../../src/store/collections/saml-connections.js";
import { createSamlKey, type ResponseParts, type SamlKey } from "../../../support/saml-idp.js";
import { type LogoutMessage, logoutQuery, logoutXml } from "../../../support/saml-logout.js";
import { type Browser, type Company, createBrowser, makeCompany } from "../../browser.js";
import { makeTenant, type RunningApi, startApi } from "../../running-api.js";

export let api: RunningApi;
export let groupId: string;
export let attacker: SamlKey;

export const SLO = {
  redirect: { url: "https://idp.example/slo", responseUrl: "https://idp.example/slo-answers" },
  post: { url: "https://idp.example/slo-post" },
};
export const withLogout = (slo: SamlConnection["slo"] = SLO): Promise<Company> =>
  makeCompany(api, { groupIds: [groupId], ...(slo && { slo }) });
export const addressOf = ({ connection }: Company) => `/saml/slo/${connection.id}`;
export const audits = async (subject: string, action: string) =>
  (await api.store.audit.list({ limit: 250 }, { subject, action })).data;

export async function loggedIn(
  company: Company,
  nameId: string,
  changes: Partial<ResponseParts> = {},
): Promise<Browser> {
  const browser = createBrowser(api.url);
  expect((await company.logIn(browser, { nameId, groups: ["hooks"] }, changes)).status).toBe(303);
  return browser;
}
export const isIn = async (browser: Browser) => (await browser.call("GET", "/v1/me")).status === 200;

export const request = (company: Company, changes: Partial<LogoutMessage> = {}) =>
  logoutXml({
    name: "LogoutRequest",
    issuer: company.idp.entityId,
    destination: `${api.url}${addressOf(company)}`,
    ...changes,
  });
export const byRedirect = (
  company: Company,
  xml: string,
  options: Parameters<typeof logoutQuery>[1] = { key: company.idp.key },
) => createBrowser(api.url).get(`${addressOf(company)}?${logoutQuery(xml, options)}`);
export const byPost = (company: Company, fields: Record<string, string>) =>
  createBrowser(api.url).submit(addressOf(company), fields, {
    origin: "https://idp.example",
    "sec-fetch-site": "cross-site",
  });

/** What each of the files needs that begin with `logout-routes`: call it once at the top. */
export function setUpLogoutRoutes(): void {
  beforeAll(async () => {
    api = await startApi({ temporalAddress: inject("temporalAddress"), mongodbUrl: inject("mongodbUrl") });
    ({ groupId } = await makeTenant(api, "own"));
    await api.call("PATCH", `/v1/groups/${groupId}`, { body: { samlGroups: ["hooks"] } });
    attacker = await createSamlKey();
  });
  afterAll(() => api?.close());
}
