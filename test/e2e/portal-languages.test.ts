/**
 * Every screen in the pseudo-locale, whose sentences are a third longer, and once more from right to left. Nothing has
 * a fault that axe finds, nothing makes the window scroll sideways, and no sentence comes from anywhere else.
 */
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Client, createClient } from "../support/client.js";
import { type Service, startService } from "../support/service.js";
import { checked, closed, logInAs, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-languages.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

interface Found {
  data: { id: string; subscriptionId: string; eventId: string; eventType: string }[];
}

describe.skipIf(!there)("the portal in another language", { timeout: 600_000 }, () => {
  let service: Service;
  let chromium: Browser;
  let client: Client;
  let screens: readonly (readonly [string, string])[];

  beforeAll(async () => {
    service = await startService({ env: { SEALPOST_DEMO: "1" }, demoTraffic: true });
    chromium = await startChromium();
    client = createClient(service.url, service.adminKey);
    const newest = async () => (await client.get<Found>("/v1/deliveries?limit=1")).body.data[0];
    const delivery = await vi.waitUntil(newest, { timeout: 180_000, interval: 500 });
    const filter = { subscriptionId: delivery.subscriptionId, since: "-1h" };
    const { body: preview } = await client.post<{ token: string }>("/v1/recoveries/preview", { filter });
    const { body: made } = await client.post<{ id: string }>("/v1/recoveries", { filter, token: preview.token });
    const subscription = `/subscriptions/${delivery.subscriptionId}`;
    screens = [
      ["overview", "/"],
      ["deliveries", "/deliveries"],
      ["delivery", `/deliveries/${encodeURIComponent(delivery.id)}`],
      ["events", "/events"],
      ["event", `/events/${delivery.eventId}`],
      ["subscriptions", "/subscriptions"],
      ...["health", "deliveries", "settings", "security", "history"].map(
        (tab) => [`subscription-${tab}`, `${subscription}?tab=${tab}`] as const,
      ),
      ["create", "/subscriptions/new"],
      ["catalogue", "/catalogue"],
      ["type", `/catalogue/${delivery.eventType}`],
      ["type-edit", `/catalogue/${delivery.eventType}/edit`],
      ["type-new", "/new-event-type"],
      ["type-import", "/import"],
      ["requests", "/requests"],
      ["recoveries", "/recoveries"],
      ["recovery-new", "/recoveries/new"],
      ["recovery", `/recoveries/${made.id}`],
      ["account", "/account"],
      ["not-found", "/no/such/page"],
    ];
  }, 500_000);
  afterAll(async () => {
    await chromium?.close();
    await client?.close();
    await service?.remove();
  });

  /** Sentences that do not come from the texts of the portal. Names of the demo are no sentences. */
  const untranslated = (page: Page): Promise<string[]> =>
    page
      .locator("h1, h2, h3, button, th, dt, legend, label > span:first-child")
      .evaluateAll((elements) =>
        elements
          .map((element) => element.textContent.trim())
          .filter((text) => /^[A-Z][a-z]+( [a-z]+)+\.?$/.test(text) && !text.startsWith("Demo ")),
      );

  it.each(["ltr", "rtl"])("%s: fits, and has no fault of accessibility", async (direction) => {
    const visitor = await logInAs(chromium, service, "admin", { path: "/portal/account" });
    const { page } = visitor;
    await page.addInitScript((dir) => {
      localStorage.setItem("sealpost.pseudo", "1");
      document.addEventListener("DOMContentLoaded", () => (document.documentElement.dir = dir));
    }, direction);
    for (const [name, path] of screens) {
      await page.goto(`${service.url}/portal${path}`);
      await page.getByRole("heading", { level: 1 }).waitFor();
      await expect.poll(() => page.locator("[aria-busy=true]").count(), WITHIN).toBe(0);
      expect(await untranslated(page), name).toEqual([]);
      for (const width of [1280, 320]) {
        await page.setViewportSize({ width, height: 900 });
        await checked(page, `${name}-pseudo-${direction}-${width}`);
      }
    }
    expect(visitor.complaints.splice(0).filter((text) => !text.includes("404"))).toEqual([]);
    await closed(visitor);
  });
});
