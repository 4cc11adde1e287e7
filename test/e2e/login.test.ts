/** People in a real browser, at the real service, through the trial identity provider. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SESSION_COOKIE } from "../../src/api/http/cookies.js";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { createClient } from "../support/client.js";
import { type Service, startService } from "../support/service.js";

interface Me {
  displayName: string;
  role: string;
  roles: string[];
  groups?: { name: string }[];
  apis?: { name: string }[];
}

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/login.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

describe.skipIf(!there)("a person in a browser", () => {
  let service: Service;
  let chromium: Browser;

  beforeAll(async () => {
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
  }, 240_000);
  afterAll(async () => {
    await chromium?.close();
    await service?.remove();
  });

  async function newPage(): Promise<Page> {
    return (await chromium.newContext()).newPage();
  }
  /** At the trial identity provider's page. */
  async function choose(page: Page, person: string): Promise<void> {
    await page.getByRole("button", { name: new RegExp(`Log in as .*, ${person}$`) }).click();
    await page.waitForURL(`${service.url}/**`);
  }
  async function logIn(person: string, path = "/saml/login"): Promise<Page> {
    const page = await newPage();
    await page.goto(`${service.url}${path}`);
    await choose(page, person);
    return page;
  }
  /**
   * A request that a script of our own makes in that browser. The pages for people allow none, so it runs in another
   * tab.
   */
  async function fetched<T>(page: Page, path: string): Promise<{ status: number; body: T }> {
    const tab = await page.context().newPage();
    await tab.goto(`${service.url}/health/live`);
    const answer = await tab.evaluate(async (url) => {
      const got = await fetch(url);
      return { status: got.status, text: await got.text() };
    }, path);
    await tab.close();
    return { status: answer.status, body: (answer.text === "" ? {} : JSON.parse(answer.text)) as T };
  }

  it("is told at the start where to log in, and finds the trial marked as one", async () => {
    expect(service.log()).toContain(
      `Portal: ${service.url}/portal (log in at the trial identity provider: admin, provider, operator, consumer)`,
    );
    const page = await newPage();
    await page.goto(service.url);
    await page.waitForURL((url) => url.hostname === "localhost");
    expect(await page.textContent("body")).toMatch(/For trial only/);
  });

  it.each<[person: string, me: Record<string, unknown>, answers: Record<string, number>]>([
    ["admin", { role: "admin", roles: ["admin"] }, { "/v1/audit": 200, "/v1/api-keys": 200 }],
    [
      "provider",
      { role: "provider", apis: [expect.objectContaining({ name: "Demo" })] },
      { "/v1/apis": 200, "/v1/audit": 403 },
    ],
    [
      "consumer",
      { role: "consumer", groups: [expect.objectContaining({ name: "Demo consumers" })] },
      { "/v1/subscriptions": 200, "/v1/events": 403 },
    ],
  ])("logs in as %s, sees what is theirs, and logs out", async (person, me, answers) => {
    const page = await logIn(person);
    await page.goto(`${service.url}/portal/account`);
    await page.getByText(new RegExp(`^[A-Z][a-z]+ ${person}$`, "i")).waitFor();
    expect((await fetched<Me>(page, "/v1/me")).body).toMatchObject(me);
    for (const [path, status] of Object.entries(answers)) expect((await fetched(page, path)).status, path).toBe(status);
    await page.getByRole("button", { name: "Log out", exact: true }).click();
    await page.waitForURL(`${service.url}/logged-out`);
    expect((await fetched(page, "/v1/me")).status).toBe(401);
    expect(await page.context().cookies(service.url)).toEqual([]);
  });

  it("sees the demo's subscription as its consumer, and none that is another group's", async () => {
    const client = createClient(service.url, service.adminKey);
    const group = await client.post<{ id: string }>("/v1/groups", { name: "others", grants: [] });
    const page = await logIn("consumer");
    const { body } = await fetched<{ data: { id: string; name: string }[] }>(page, "/v1/subscriptions");
    expect(body.data).toMatchObject([{ name: "Demo receiver" }]);
    expect((await fetched(page, `/v1/subscriptions/${body.data[0]?.id}`)).status).toBe(200);
    expect((await fetched(page, `/v1/groups/${group.body.id}`)).status).toBe(404);
    await client.close();
  });

  it("gets its session in a cookie that no script reads", async () => {
    const page = await logIn("admin");
    const cookies = (await page.context().cookies(service.url)).sort((a, b) => a.name.length - b.name.length);
    const common = { httpOnly: true, secure: true, path: "/", expires: -1 };
    // The second one opens nothing. It tells the next log-in which session it ends.
    expect(cookies).toMatchObject([
      { name: SESSION_COOKIE, sameSite: "Lax", ...common },
      { name: "__Host-sealpost-former", sameSite: "None", ...common },
    ]);
    expect(await page.evaluate(() => document.cookie)).toBe("");
  });

  it("logs in in two tabs at once, and comes back to where each began", async () => {
    const one = await newPage();
    const two = await one.context().newPage();
    await one.goto(`${service.url}/saml/login?returnTo=/portal/account`);
    await two.goto(`${service.url}/saml/login?returnTo=/docs`);
    await choose(one, "consumer");
    expect(one.url()).toBe(`${service.url}/portal/account`);
    await choose(two, "consumer");
    expect(two.url()).toBe(`${service.url}/docs`);
    expect((await fetched<Me>(one, "/v1/me")).body).toMatchObject({ role: "consumer" });
  });

  it("ends every browser's session by a log-out everywhere", async () => {
    const [here, elsewhere] = [await logIn("provider"), await logIn("provider")];
    await here.goto(`${service.url}/portal/account`);
    await here.getByRole("button", { name: "Log out everywhere" }).click();
    await here.waitForURL(`${service.url}/logged-out`);
    expect((await fetched(elsewhere, "/v1/me")).status).toBe(401);
    await elsewhere.goto(`${service.url}/portal/account`);
    expect(new URL(elsewhere.url()).hostname).toBe("localhost");
  });

  it("cannot be made to do anything by another site's page", async () => {
    const page = await logIn("admin");
    // Another site: browsers tell localhost from 127.0.0.1.
    const site = createServer((_request, response) =>
      response
        .writeHead(200, { "content-type": "text/html" })
        .end(`<form method="post" action="${service.url}/logout"><button>win</button></form>`),
    );
    await new Promise<void>((resolve) => site.listen(0, "127.0.0.1", resolve));
    try {
      const evil = await page.context().newPage();
      const address = `http://localhost:${(site.address() as AddressInfo).port}/`;
      await evil.goto(address);
      await evil.getByRole("button").click();
      await evil.waitForURL(`${service.url}/**`);
      expect((await fetched<Me>(page, "/v1/me")).body).toMatchObject({ role: "admin" });
      await evil.goto(address);
      const read = (url: string) =>
        evil.evaluate(
          (at) =>
            fetch(at, { credentials: "include" }).then(
              () => "read",
              () => "refused",
            ),
          url,
        );
      expect(await read(`${service.url}/v1/me`)).toBe("refused");
      expect(await read(address)).toBe("read");
    } finally {
      site.close();
      site.closeAllConnections();
    }
  });

  it("names its connection on a page, which leads on to the identity provider", async () => {
    const page = await newPage();
    await page.goto(`${service.url}/saml/login?connection=nobody`);
    expect(await page.textContent("[role=alert]")).toMatch(/no such connection/);
    await page.getByLabel("Connection").fill("trial");
    await page.getByRole("button", { name: "Continue" }).click();
    await page.waitForURL(/localhost/);
    await choose(page, "admin");
    expect((await fetched<Me>(page, "/v1/me")).body).toMatchObject({ role: "admin" });
  });
});
