/**
 * When a list of 100 rows can be used, after the API answered, in a real browser with its full and a quarter of its
 * speed.
 */
import type { Browser, Page } from "playwright-core";
import { startChromium } from "../../test/support/chromium.js";
import type { Service } from "../../test/support/service.js";
import { copyOfRows, usableAfter, watchCost } from "../../test/e2e/page-cost.js";
import { quantile } from "../clock.js";

export const ROWS = 100;
const PATIENCE_MS = 60_000;

export interface ListCost {
  /** How many times slower the browser's processor was made. */
  slowed: number;
  /** Medians, milliseconds. */
  usable: number;
  /** What the browser alone takes to copy the same rows and lay them out. */
  copied: number;
}

/** Medians of so many loads. */
export async function measureList(service: Service, loads: number, say: (line: string) => void): Promise<ListCost[]> {
  const chromium = await startChromium();
  try {
    const page = await loggedIn(chromium, service);
    // The portal asks for pages of 50. The service answers with as many as are asked for.
    await page.route(
      ({ pathname }) => pathname === "/v1/deliveries",
      (route) => route.continue({ url: route.request().url().replace("limit=50", `limit=${ROWS}`) }),
    );
    await watchCost(page, ROWS);
    const costs: ListCost[] = [];
    for (const slowed of [1, 4]) {
      say(`a list of ${ROWS} rows, ${slowed}× slower`);
      costs.push(await measureLoads(page, service, { slowed, loads }));
    }
    return costs;
  } finally {
    await chromium.close();
  }
}

/** An operator in the portal. */
export async function loggedIn(chromium: Browser, { url }: Service): Promise<Page> {
  const page = await chromium.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  await page.goto(`${url}/portal/account`);
  await page.getByRole("button", { name: /Log in as .*, operator$/ }).click();
  await page.getByRole("heading", { level: 1 }).waitFor();
  return page;
}

async function measureLoads(
  page: Page,
  { url }: Service,
  { slowed, loads }: { slowed: number; loads: number },
): Promise<ListCost> {
  const protocol = await page.context().newCDPSession(page);
  await protocol.send("Emulation.setCPUThrottlingRate", { rate: slowed });
  const [usable, copied]: [number[], number[]] = [[], []];
  // The first load fills the caches of the browser.
  for (let load = 0; load <= loads; load++) {
    await page.goto(`${url}/portal/deliveries`);
    const ms = await usableAfter(page, "/v1/deliveries");
    if (load === 0) continue;
    usable.push(ms);
    copied.push(await copyOfRows(page));
  }
  await protocol.send("Emulation.setCPUThrottlingRate", { rate: 1 });
  return { slowed, usable: quantile(usable, 0.5), copied: quantile(copied, 0.5) };
}
