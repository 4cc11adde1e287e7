/**
 * A real browser between the real service and a strict identity provider. Requests are signed and sent by a form,
 * assertions are encrypted, and a key is ECDSA. Single logout comes from both sides.
 */
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { createClient } from "../support/client.js";
import { type SamlIdpServer, startSamlIdp } from "../support/saml-idp-server.js";
import { type Service, startService } from "../support/service.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/saml-bindings.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

describe.skipIf(!there)("with a strict identity provider", () => {
  let service: Service;
  let chromium: Browser;
  let idp: SamlIdpServer;
  let login: string;

  beforeAll(async () => {
    service = await startService({ env: { SEALPOST_TRIAL_IDP: "0" } });
    chromium = await startChromium();
    idp = await startSamlIdp({ nameId: "erika", groups: ["ops"] });
    const client = createClient(service.url, service.adminKey);
    const made = await client.post<Record<string, unknown>>("/v1/saml-connections", {
      name: "Strict",
      metadataXml: idp.metadataXml,
      roles: [{ samlGroup: "ops", role: "operator" }],
    });
    // What its metadata wants is what it gets, without a setting.
    expect(made.body).toMatchObject({
      signRequests: true,
      ssoPostUrl: `${idp.url}/sso`,
      slo: { redirect: { url: `${idp.url}/slo` } },
    });
    login = `${service.url}/saml/login?connection=${String(made.body["id"])}`;
    await client.close();
  }, 240_000);
  afterAll(async () => {
    await chromium?.close();
    idp?.close();
    await service?.remove();
  });

  async function openLogin(options: BrowserContextOptions = {}): Promise<Page> {
    const page = await (await chromium.newContext(options)).newPage();
    await page.goto(login);
    return page;
  }
  /** Asked by a script of our own in another tab, because the pages allow none. */
  async function me(page: Page): Promise<number> {
    const tab = await page.context().newPage();
    await tab.goto(`${service.url}/health/live`);
    const status = await tab.evaluate(() => fetch("/v1/me").then((answer) => answer.status));
    await tab.close();
    return status;
  }

  const portal = (url: URL): boolean => url.origin === service.url && /^\/portal(\/|$)/.test(url.pathname);
  /** Where one logs out. */
  async function toAccount(page: Page): Promise<void> {
    await page.waitForURL(portal);
    await page.goto(`${service.url}/portal/account`);
  }

  it("logs in: the request goes by a form that posts itself", async () => {
    const page = await openLogin();
    await page.waitForURL(portal);
    await page.goto(`${service.url}/portal/account`);
    await page.getByText("Erika Example").waitFor();
    expect(idp.seen).toEqual(["AuthnRequest"]);
  });

  it("logs in without scripts, by the button", async () => {
    const page = await openLogin({ javaScriptEnabled: false });
    await page.getByRole("button", { name: "Continue" }).click();
    await page.getByRole("button", { name: "Go on" }).click();
    await page.waitForURL(portal);
  });

  it("logs out here, is taken to the provider and back, and is told that both have ended", async () => {
    const page = await openLogin();
    await toAccount(page);
    idp.seen.length = 0;
    await page.getByRole("button", { name: "Log out", exact: true }).click();
    await page.waitForURL(`${service.url}/saml/slo/**`);
    expect(await page.textContent("main")).toMatch(/has ended its session as well/);
    expect(idp.seen).toEqual(["LogoutRequest"]);
    expect(await me(page)).toBe(401);
    expect(await page.context().cookies(service.url)).toEqual([]);
  });

  it("logs out here though the provider is gone", async () => {
    const page = await openLogin();
    await toAccount(page);
    await page.route(`${idp.url}/**`, (route) => route.abort());
    await page.getByRole("button", { name: "Log out", exact: true }).click();
    await page.waitForLoadState();
    expect(await me(page)).toBe(401);
  });

  it("is logged out by the provider, which hears that it is done", async () => {
    const [page, elsewhere] = [await openLogin(), await openLogin()];
    for (const each of [page, elsewhere]) await each.waitForURL(portal);
    expect([await me(page), await me(elsewhere)]).toEqual([200, 200]);
    idp.seen.length = 0;
    await page.goto(idp.logoutUrl("erika"));
    await page.waitForURL(`${idp.url}/slo**`);
    expect(await page.textContent("body")).toMatch(/Goodbye.*bye/s);
    expect(idp.seen).toEqual(["LogoutResponse"]);
    expect([await me(page), await me(elsewhere)]).toEqual([401, 401]);
  });
});
