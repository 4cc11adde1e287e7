/** A person without a mouse. Each act holds that the focus is seen before it, and that it is somewhere after it. */
import type { Locator, Page } from "playwright-core";
import { expect } from "vitest";
import { WITHIN } from "./portal-setup.js";

/** So many times `Tab` at most, from one element to another. */
const MOST_TABS = 400;

export interface Keys {
  /** After a load nothing has the focus yet. The first `Tab` takes it into the page. */
  begin(): Promise<void>;
  /** Goes there by `Tab`, and holds that the focus is seen there. */
  reach(target: Locator): Promise<void>;
  /** Presses a button, follows a link or opens what is folded. */
  press(target: Locator, key?: "Enter" | "Space"): Promise<void>;
  /** Writes over what stands in the field. */
  write(target: Locator, text: string): Promise<void>;
  /** Makes a box checked. */
  check(target: Locator): Promise<void>;
  /** Goes by arrows to the option with this text. */
  choose(target: Locator, option: string): Promise<void>;
}

/** Where the focus is: seen in the page, or what is wrong with it. */
const seen = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!element || element === document.body) return "nothing has the focus";
    const { outlineStyle, outlineWidth } = getComputedStyle(element);
    const { width } = element.getBoundingClientRect();
    if (outlineStyle === "none" || Number.parseFloat(outlineWidth) < 2) return `no outline: ${element.outerHTML}`;
    if (width === 0) return `not drawn: ${element.outerHTML}`;
    return "seen";
  });

/** Whether the element lies here, or before or after what has the focus. */
const way = (target: Locator): Promise<"here" | "before" | "after" | "lost"> =>
  target.evaluate((element) => {
    const focused = document.activeElement;
    if (focused === element) return "here";
    if (!focused || focused === document.body) return "lost";
    return focused.compareDocumentPosition(element) & Node.DOCUMENT_POSITION_PRECEDING ? "before" : "after";
  });

const inWindow = (target: Locator): Promise<boolean> =>
  target.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect();
    return bottom > 0 && top < window.innerHeight;
  });

/** The keys of this page. Use nothing else on it. */
export function keysOf(page: Page): Keys {
  const press = (key: string) => page.keyboard.press(key);
  const kept = (after: string) =>
    expect.poll(() => seen(page), { ...WITHIN, interval: 20, message: `the focus after ${after}` }).toBe("seen");
  async function reach(target: Locator): Promise<void> {
    await target.waitFor();
    await kept(`the act before ${String(target)}`);
    for (let tabs = 0; tabs < MOST_TABS; tabs++) {
      const where = await way(target);
      if (where === "here") {
        await kept(`going to ${String(target)}`);
        // The browser scrolls to what `Tab` leads to.
        return expect(await inWindow(target), `${String(target)} in the window`).toBe(true);
      }
      expect(where, `on the way to ${String(target)}`).not.toBe("lost");
      await press(where === "before" ? "Shift+Tab" : "Tab");
    }
    throw new Error(`${String(target)} is not reached by keys.`);
  }
  return {
    reach,
    async begin() {
      await page.getByRole("heading", { level: 1 }).waitFor();
      await press("Tab");
    },
    async press(target, key = "Enter") {
      await expect.poll(() => target.isEnabled(), WITHIN).toBe(true);
      await reach(target);
      await press(key);
      await kept(`${key} on ${String(target)}`);
    },
    async write(target, text) {
      await reach(target);
      await press("ControlOrMeta+A");
      await page.keyboard.type(text);
    },
    async check(target) {
      await reach(target);
      if (!(await target.isChecked())) await press("Space");
      expect(await target.isChecked()).toBe(true);
    },
    async choose(target, option) {
      await reach(target);
      const wanted = await target.evaluate(
        (element, text) =>
          element instanceof HTMLSelectElement ? [...element.options].findIndex(({ label }) => label === text) : -1,
        option,
      );
      expect(wanted, option).toBeGreaterThanOrEqual(0);
      const at = () =>
        target.evaluate((element) => (element instanceof HTMLSelectElement ? element.selectedIndex : -1));
      for (let now = await at(); now !== wanted; now = await at()) await press(now < wanted ? "ArrowDown" : "ArrowUp");
    },
  };
}
