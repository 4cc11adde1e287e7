/** The frame of the portal in a real browser: where one is, as whom one acts, keys, times, and the way out. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Service, startService } from "../support/service.js";
import { keysOf } from "./by-keys.js";
import { checkedEverywhere, logInAs, picture, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-frame.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

describe.skipIf(!there)("a person in the portal", { timeout: 300_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;

  beforeAll(async () => {
    // A session that ends within five minutes unless it is used: the notice of that shows at its first look.
    service = await startService({ env: { SEALPOST_DEMO: "1", SESSION_IDLE_MINUTES: "4" } });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
  }, 300_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
  });

  it("comes back to the address that was asked for, and the browser complains of nothing", async () => {
    const { page, complaints } = await logInAs(chromium, service, "operator", {
      anew: true,
      path: "/portal/account?tz=UTC",
    });
    await page.getByRole("heading", { level: 1, name: "Your account" }).waitFor();
    expect(page.url()).toBe(`${service.url}/portal/account?tz=UTC`);
    expect(await page.getByRole("status").filter({ hasText: "You act as Operator" }).count()).toBe(1);
    await picture(page, "account");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("moves by the navigation: the heading has the focus, and the window its title", async () => {
    const { page, complaints } = await logInAs(chromium, service, "provider", { anew: true, path: "/portal" });
    await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
    await page.getByRole("link", { name: "Account" }).click();
    const heading = page.getByRole("heading", { level: 1, name: "Your account" });
    await heading.waitFor();
    await expect.poll(() => page.title(), WITHIN).toBe("Your account · Sealpost");
    await expect.poll(() => heading.evaluate((element) => element === document.activeElement), WITHIN).toBe(true);
    await page.keyboard.press("?");
    await page.getByRole("dialog", { name: "Keys and help" }).waitFor();
    await picture(page, "help");
    await page.keyboard.press("Escape");
    await expect.poll(() => page.getByRole("dialog").count(), WITHIN).toBe(0);
    await page.keyboard.press("/");
    expect(
      await page.getByRole("searchbox", { name: /Search by id/ }).evaluate((e) => e === document.activeElement),
    ).toBe(true);
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("goes where an id, a URL, a workflow's id or an event type leads", async () => {
    const { body } = await client.get<{ data: { id: string; groupId: string; name: string; url: string }[] }>(
      "/v1/subscriptions",
    );
    const receiver = body.data.find(({ name }) => name === "Demo receiver");
    const { origin, host } = new URL(receiver?.url ?? "");
    await client.post("/v1/subscriptions", {
      groupId: receiver?.groupId,
      name: "Second",
      url: `${origin}/second`,
      eventTypes: ["demo.greeting.sent"],
      initialStatus: "draft",
    });
    const sent = await client.post<{ id: string }>("/v1/events", { type: "demo.greeting.sent", data: {} });
    const delivery = `${sent.body.id}.${receiver?.id ?? ""}`;
    const { page, complaints } = await logInAs(chromium, service, "consumer", { anew: true, path: "/portal" });
    const box = page.getByRole("searchbox", { name: /Search by id/ });
    const searched = async (text: string): Promise<void> => {
      await page.goto(`${service.url}/portal`);
      await page.getByRole("heading", { level: 1, name: "Overview" }).waitFor();
      await page.keyboard.press("/");
      await page.keyboard.insertText(text);
      await page.keyboard.press("Enter");
    };
    for (const [text, path] of [
      [receiver?.id ?? "", `/portal/subscriptions/${receiver?.id ?? ""}`],
      [receiver?.url ?? "", `/portal/subscriptions/${receiver?.id ?? ""}`],
      [`resend/${delivery}`, `/portal/deliveries/${delivery}`],
      ["demo.greeting.sent", "/portal/deliveries?type=demo.greeting.sent"],
    ] as const) {
      await searched(text);
      await page.waitForURL(`${service.url}${path}`);
    }
    // The beginning of two URLs, and of nothing.
    await searched(origin);
    const results = page.getByRole("list", { name: "What was found" });
    await results.getByRole("link", { name: "Demo receiver subscription" }).waitFor();
    expect(await results.getByRole("link").count()).toBe(2);
    await checkedEverywhere(page, "search-results");
    await page.keyboard.press("Escape");
    await expect.poll(() => results.count(), WITHIN).toBe(0);
    expect(await box.evaluate((element) => element === document.activeElement)).toBe(true);
    await page.keyboard.press("Enter");
    await results.getByRole("link", { name: "Demo receiver subscription" }).click();
    await page.waitForURL(`${service.url}/portal/subscriptions/${receiver?.id ?? ""}`);
    await expect.poll(() => results.count(), WITHIN).toBe(0);
    await searched(host);
    await page.getByText("Nothing of yours has this id, type or URL.").waitFor();
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("is told that the session ends soon, goes on, and finds what was typed after a new log-in", async () => {
    const path = "/portal/catalogue/demo.greeting.sent/edit";
    const { page } = await logInAs(chromium, service, "provider", { anew: true, path });
    const description = page.getByRole("textbox", { name: "Description" });
    const typed = "A greeting, for those who try it out.";
    await description.fill(typed);
    await page.getByText(/^Your session ends at .* unless you go on\.$/).waitFor();
    await checkedEverywhere(page, "session-soon");
    const asked = page.waitForResponse((response) => new URL(response.url()).pathname === "/v1/me");
    await page.getByRole("button", { name: "Stay logged in" }).click();
    expect((await asked).request().headers()["sealpost-background"]).toBeUndefined();
    const { body } = await client.get<{ data: { id: string; lastLoginAt: string }[] }>("/v1/people");
    for (const { id } of body.data) await client.post(`/v1/people/${id}/logout`, {});
    await page.getByRole("button", { name: "Save" }).click();
    const ended = page.getByRole("alert").filter({ hasText: "Your session has ended" });
    await ended.waitFor();
    expect(await description.inputValue()).toBe(typed);
    await ended.getByRole("link", { name: "Log in" }).click();
    await page.getByRole("button", { name: /Log in as .*, provider$/ }).click();
    await page.waitForURL(`${service.url}${path}`);
    await expect.poll(() => description.inputValue(), WITHIN).toBe(typed);
    await page.getByRole("button", { name: "Save" }).click();
    await page.getByRole("heading", { level: 1, name: "demo.greeting.sent", exact: true }).waitFor();
    await page.getByText(typed).waitFor();
    await page.context().close();
  });

  it("sees where else it is logged in, and ends that by keys alone", async () => {
    const userAgent = "Mozilla/5.0 (Lost Phone) Chrome/1.0";
    const lost = await logInAs(chromium, service, "operator", { anew: true, path: "/portal/account", userAgent });
    await lost.page.getByRole("heading", { name: "This session" }).waitFor();
    const { page, complaints } = await logInAs(chromium, service, "operator", { anew: true, path: "/portal/account" });
    const others = page.getByRole("region", { name: "Your other sessions" });
    const phone = others.getByRole("listitem").filter({ hasText: "(Lost Phone) Chrome/1.0" });
    await phone.getByText("127.0.0.1").waitFor();
    await checkedEverywhere(page, "account-sessions");
    const keys = keysOf(page);
    await keys.begin();
    await keys.press(phone.getByRole("button", { name: "End this session" }));
    await others.getByText("The session has ended.").waitFor();
    await expect.poll(() => phone.count(), WITHIN).toBe(0);
    await lost.page.reload();
    await lost.page.getByRole("button", { name: /Log in as .*, operator$/ }).waitFor();
    await page.reload();
    await page.getByRole("heading", { name: "This session" }).waitFor();
    expect(complaints).toEqual([]);
    for (const each of [page, lost.page]) await each.context().close();
  });

  it("logs out from the account", async () => {
    const { page } = await logInAs(chromium, service, "consumer", { anew: true, path: "/portal/account" });
    await page.getByRole("button", { name: "Log out", exact: true }).click();
    await page.waitForURL(`${service.url}/logged-out`);
    await page.context().close();
  });
});
