/** People in the portal, in a real browser: how they log in, what the browser complains of, and the pictures. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { AxeBuilder } from "@axe-core/playwright";
import type { Browser, BrowserContextOptions, Cookie, Locator, Page } from "playwright-core";
import { expect } from "vitest";
import type { Service } from "../support/service.js";
import { watchForeignData, type Watched } from "./foreign-data.js";

/** Where pictures are kept. Without it none is made: to draw one takes as much of the processor as to open its page. */
const PICTURES = process.env["SEALPOST_TEST_PICTURES"];
/** A busy machine takes long for a page. */
export const WITHIN = { timeout: 60_000 };

export interface Visitor {
  page: Page;
  /** Errors of the console and of the page, and everything that the content security policy stopped. */
  complaints: string[];
  /** What a consumer was told. It is held against what is its own. */
  watched?: Watched;
}

/** What the walks look at in the API's view of a subscription. */
export interface ShownSubscription {
  name?: string;
  status: string;
  rateLimit?: { perSecond: number };
  eventTypes: string[];
  requestedEventTypes?: string[];
  secrets: unknown[];
  headers?: string[];
  tls?: unknown;
}

/** The cookies of log-ins of this file, by service and person. */
const sessions = new Map<string, Cookie[]>();

interface Visit extends BrowserContextOptions {
  path?: string;
  /** Logs in though this person has done so before. For what depends on the log-in itself, or on the session's age. */
  anew?: true;
}

/**
 * A browser of its own, at the trial identity provider logged in as this person, and at `path` afterwards. A person who
 * has logged in before goes on in that session: a log-in leads through pages of two sites, so it takes three processes.
 */
export async function logInAs(
  chromium: Browser,
  service: Service,
  person: string,
  { path = "/portal/deliveries", anew, ...options }: Visit = {},
): Promise<Visitor> {
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
  const watched = person === "consumer" ? await watchForeignData(page, service, complaints) : undefined;
  const before = anew ? undefined : sessions.get(`${service.url} ${person}`);
  if (before && (await isLive(service, before))) {
    await context.addCookies(before);
    await page.goto(`${service.url}${path}`);
  } else {
    await page.goto(`${service.url}${path}`);
    await page.getByRole("button", { name: new RegExp(`Log in as .*, ${person}$`) }).click();
    await page.waitForURL(({ href }) => href.startsWith(`${service.url}/portal`));
    sessions.set(`${service.url} ${person}`, await context.cookies(service.url));
  }
  return { page, complaints, ...(watched && { watched }) };
}

async function isLive(service: Service, cookies: readonly Cookie[]): Promise<boolean> {
  const cookie = cookies.map(({ name, value }) => `${name}=${value}`).join("; ");
  return (await fetch(`${service.url}/v1/me`, { headers: { cookie } })).ok;
}

/** Keeps a picture of what is shown, when SEALPOST_TEST_PICTURES names a folder for pictures. */
export async function picture(page: Page, name: string): Promise<void> {
  if (PICTURES === undefined) return;
  mkdirSync(PICTURES, { recursive: true });
  await page.screenshot({ path: join(PICTURES, `portal-${name}.png`), animations: "disabled", fullPage: true });
}

/** The rules of axe about colours, of those that it has on by default. */
const OF_COLOURS = ["color-contrast", "link-in-text-block"];

/**
 * Only violations are read. Without this, axe finds a selector for every element of the page. It also reads all style
 * sheets for a rule that it does not run.
 */
const FOR_VIOLATIONS: Parameters<AxeBuilder["options"]>[0] = {
  resultTypes: ["violations"],
  selectors: false,
  preload: { assets: ["media"] },
};

/** No fault that axe finds, by all of its rules or by these. */
async function readByAxe(page: Page, name: string, rules?: string[]): Promise<void> {
  // Axe is 1.3 MB of code. A document that has it already is given an empty script.
  const has = await page.evaluate(() => "axe" in window);
  // Our pages have no frames of other origins, so axe needs no blank page in which it puts together what frames say.
  const axe = new AxeBuilder({ page, ...(has && { axeSource: ";" }) }).setLegacyMode().options({ ...FOR_VIOLATIONS });
  const { violations } = await (rules ? axe.withRules(rules) : axe).analyze();
  const faults = violations.map(
    ({ id, nodes }) => `${id}: ${nodes.map(({ html, failureSummary }) => `${html} ${failureSummary}`).join(" | ")}`,
  );
  expect(faults, name).toEqual([]);
}

/** No fault that axe finds, and no sideways scrolling, as the page stands now. Keeps its picture. */
export async function checked(page: Page, name: string, rules?: string[]): Promise<void> {
  await readByAxe(page, name, rules);
  expect(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), name).toBe(true);
  await picture(page, name);
}

/**
 * The same in light and dark at three widths. Afterwards the page stands as before. Dark pages have the elements of the
 * light ones, so there axe reads the colours alone.
 */
export async function checkedEverywhere(page: Page, name: string): Promise<void> {
  const before = page.viewportSize();
  for (const width of [1280, 390, 320]) {
    await page.setViewportSize({ width, height: 900 });
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme });
      await checked(page, `${name}-${colorScheme}-${width}`, colorScheme === "dark" ? OF_COLOURS : undefined);
    }
  }
  if (before) await page.setViewportSize(before);
  await page.emulateMedia({ colorScheme: "light" });
}

/** Whether this row of a text that scrolls is wholly within what is shown of it. False while it is not drawn. */
export async function isInSight(text: Locator): Promise<boolean> {
  if ((await text.count()) === 0) return false;
  return text.evaluate((element) => {
    const region = element.closest("[role=region]")?.getBoundingClientRect();
    const row = element.getBoundingClientRect();
    return region !== undefined && row.top >= region.top && row.bottom <= region.bottom;
  });
}

/** The end of a visit, of which the browser had nothing to complain. */
export async function closed({ page, complaints, watched }: Visitor): Promise<void> {
  await watched?.judged();
  expect(complaints).toEqual([]);
  await page.context().close();
}

/** Loads the page again and again until this is shown once. */
export async function reloadedUntil(page: Page, shown: Locator): Promise<void> {
  const look = async (): Promise<number> => {
    await page.reload();
    await page.getByRole("heading", { level: 1 }).waitFor();
    await page.locator("[aria-busy=true]").waitFor({ state: "detached" });
    return shown.count();
  };
  await expect.poll(look, WITHIN).toBe(1);
}
