/** The frame of the portal in a real browser: where one is, as whom one acts, keys, times, and the way out. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { chromiumAtHand, startChromium } from "../support/chromium.js";
import { type Service, startService } from "../support/service.js";
import { logInAs, picture, WITHIN } from "./portal-setup.js";

const there = chromiumAtHand() !== undefined;
if (!there)
  process.stdout.write(
    "test/e2e/portal-frame.test.ts is skipped: there is no Chromium on this machine (apt-get install chromium).\n",
  );

describe.skipIf(!there)("a person in the portal", { timeout: 300_000 }, () => {
  let service: Service;
  let chromium: Browser;

  beforeAll(async () => {
    service = await startService({ env: { SEALPOST_DEMO: "1" } });
    chromium = await startChromium();
  }, 300_000);
  afterAll(async () => {
    await chromium?.close();
    await service?.remove();
  });

  it("comes back to the address that was asked for, and the browser complains of nothing", async () => {
    const { page, complaints } = await logInAs(chromium, service, "operator", { path: "/portal/account?tz=UTC" });
    await page.getByRole("heading", { level: 1, name: "Your account" }).waitFor();
    expect(page.url()).toBe(`${service.url}/portal/account?tz=UTC`);
    expect(await page.getByRole("status").filter({ hasText: "You act as Operator" }).count()).toBe(1);
    await picture(page, "account");
    expect(complaints).toEqual([]);
    await page.context().close();
  });

  it("moves by the navigation: the heading has the focus, and the window its title", async () => {
    const { page, complaints } = await logInAs(chromium, service, "provider", { path: "/portal" });
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

  it("logs out from the account", async () => {
    const { page } = await logInAs(chromium, service, "consumer", { path: "/portal/account" });
    await page.getByRole("button", { name: "Log out", exact: true }).click();
    await page.waitForURL(`${service.url}/logged-out`);
    await page.context().close();
  });
});
