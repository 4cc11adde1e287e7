/**
 * Paging through a long list in a real browser: how long a page takes, and whether anything holds the page up. The
 * pages are copies of a real answer with ids of their own, so that the database has no part in it.
 */
import type { Page } from "playwright-core";
import { startChromium } from "../../test/support/chromium.js";
import type { Service } from "../../test/support/service.js";
import { kept, longTasks, watchTasks } from "../../test/e2e/page-cost.js";
import { quantile } from "../clock.js";
import { turnPage } from "../paging/turns.js";
import { loggedIn } from "./list.js";

export interface PagesCost {
  slowed: number;
  rows: number;
  /** Milliseconds from the click to the frame after the new rows: median and longest. */
  median: number;
  longest: number;
  /** Tasks of over 100 ms, and the longest one, milliseconds. The first page is not counted. */
  longTasks: number;
  longestTask: number;
  /** Bytes of reachable heap for each row that was shown and left again. */
  bytesARow: number;
}

interface Answer {
  data: { id: string }[];
  next: string | null;
}

/** Turns so many pages, of 50 rows each. */
export async function measurePages(service: Service, pages: number, say: (line: string) => void): Promise<PagesCost[]> {
  const chromium = await startChromium();
  try {
    const costs: PagesCost[] = [];
    for (const slowed of [1, 4]) {
      say(`${pages} pages, ${slowed}× slower`);
      const page = await loggedIn(chromium, service);
      costs.push(await turn(page, service, { slowed, pages }));
      await page.close();
    }
    return costs;
  } finally {
    await chromium.close();
  }
}

async function turn(
  page: Page,
  { url }: Service,
  { slowed, pages }: { slowed: number; pages: number },
): Promise<PagesCost> {
  let real: Answer | undefined;
  await page.route(
    ({ pathname }) => pathname === "/v1/deliveries",
    async (route) => {
      const at = Number(new URL(route.request().url()).searchParams.get("cursor") ?? "0");
      real ??= (await (await route.fetch()).json()) as Answer;
      const data = real.data.map((row) => ({ ...row, id: row.id.replace(".", `${String(at).padStart(4, "0")}.`) }));
      await route.fulfill({ json: { data, next: String(at + 1) } });
    },
  );
  await watchTasks(page);
  const protocol = await page.context().newCDPSession(page);
  await protocol.send("Emulation.setCPUThrottlingRate", { rate: slowed });
  await page.goto(`${url}/portal/deliveries`);
  await page.getByRole("link", { name: "Older" }).waitFor();
  const before = await kept(protocol);
  await longTasks(page);
  const took: number[] = [];
  for (let at = 0; at < pages; at++) took.push((await turnPage(page)).took);
  const tasks = await longTasks(page);
  const after = await kept(protocol);
  const rows = pages * (real?.data.length ?? 0);
  return {
    slowed,
    rows,
    median: quantile(took, 0.5),
    longest: Math.max(...took),
    longTasks: tasks.filter((each) => each > 100).length,
    longestTask: Math.max(0, ...tasks),
    bytesARow: (after.bytes - before.bytes) / rows,
  };
}
