/** People in the portal, in a real browser: how they log in, what the browser complains of, and the pictures. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Page } from "playwright-core";
import { expect } from "vitest";
import { repositoryRoot } from "../support/build.js";
import type { Service } from "../support/service.js";

export const PICTURES = process.env["SEALPOST_TEST_PICTURES"] ?? join(repositoryRoot(), ".cache", "pictures");
/** A busy machine takes long for a page. */
export const WITHIN = { timeout: 60_000 };

export interface Visitor {
  page: Page;
  /** Errors of the console and of the page, and everything that the content security policy stopped. */
  complaints: string[];
}

/** A browser of its own, at the trial identity provider logged in as this person, and at `path` afterwards. */
export async function logInAs(
  chromium: Browser,
  service: Service,
  person: string,
  { path = "/portal/deliveries", ...options }: BrowserContextOptions & { path?: string } = {},
): Promise<Visitor> {
  mkdirSync(PICTURES, { recursive: true });
  const context = await chromium.newContext({ timezoneId: "Europe/Berlin", locale: "en-GB", ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(WITHIN.timeout);
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() !== "error" && !/Content Security Policy|TrustedScript|TrustedHTML/.test(message.text())) return;
    // The identity provider's page is not ours.
    if (message.location().url.startsWith(service.url)) complaints.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", ({ message }) => void complaints.push(message));
  await page.goto(`${service.url}${path}`);
  await page.getByRole("button", { name: new RegExp(`Log in as .*, ${person}$`) }).click();
  await page.waitForURL(`${service.url}/portal/**`);
  return { page, complaints };
}

/** Keeps a picture of what is shown. */
export const picture = (page: Page, name: string): Promise<Buffer> =>
  page.screenshot({ path: join(PICTURES, `portal-${name}.png`), animations: "disabled", fullPage: true });

/** No fault that axe finds, and no sideways scrolling, as the page stands now. Keeps its picture. */
export async function checked(page: Page, name: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const faults = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" | ")}`);
  expect(faults, name).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name).toBe(true);
  await picture(page, name);
}

/** The same in light and dark at three widths. Afterwards the page stands as before. */
export async function checkedEverywhere(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  for (const colorScheme of ["light", "dark"] as const)
    for (const width of [1280, 390, 320]) {
      await page.emulateMedia({ colorScheme });
      await page.setViewportSize({ width, height: 900 });
      await checked(page, `${name}-${colorScheme}-${width}`);
    }
  if (before) await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: "light" });
}
