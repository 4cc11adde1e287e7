/** Turning the pages of a list in a real browser, and what a turn takes. */
import type { Page } from "playwright-core";

export interface Turned {
  /** Milliseconds from the click to the frame after the new rows. */
  took: number;
  /** Of these the request for the rows, until the answer had arrived. */
  answered: number;
  /** Addresses that the rows lead to. */
  rows: string[];
  isLast: boolean;
}

/**
 * Presses *Older*, and waits for the frame after other rows are there. The former page stays meanwhile and says that it
 * is busy, and a skeleton has no rows. So neither is taken for the new page.
 */
export const turnPage = (page: Page): Promise<Turned> =>
  page.evaluate(async () => {
    const rows = () =>
      [...document.querySelectorAll("tbody a[data-row-link]")].map((link) => link.getAttribute("href") ?? "");
    const older = () =>
      [...document.querySelectorAll<HTMLElement>("nav a.button")].find((link) => link.textContent === "Older");
    const [shown] = rows();
    const began = performance.now();
    older()?.click();
    for (;;) {
      await new Promise((drawn) => requestAnimationFrame(drawn));
      const [first] = rows();
      if (first !== undefined && first !== shown && !document.querySelector("table[aria-busy=true]")) break;
    }
    const took = performance.now() - began;
    const request = performance
      .getEntriesByType("resource")
      .filter((entry): entry is PerformanceResourceTiming => entry.startTime >= began)
      .find(({ name }) => new URL(name).pathname === "/v1/deliveries");
    // The browser keeps 250 of them, and no more after that.
    performance.clearResourceTimings();
    return { took, answered: request?.duration ?? Number.NaN, rows: rows(), isLast: older() === undefined };
  });
