/**
 * Keeps the focus of the keyboard. A button that was pressed often goes away or is disabled by what it does, and the
 * browser then gives the focus to nothing. So it is given to what stands nearest.
 */

const FOCUSABLE = "a[href], button:enabled, input:enabled, select:enabled, textarea:enabled, summary, [tabindex='0']";
const HEADING = "h1[tabindex], h2[tabindex]";
const DIALOG = "[role='dialog'], [role='alertdialog']";

/** An element that had the focus, with everything around it, from the inside to the outside. */
type Place = readonly HTMLElement[];

function placeOf(element: HTMLElement): Place {
  const place: HTMLElement[] = [];
  for (let each: HTMLElement | null = element; each; each = each.parentElement) place.push(each);
  return place;
}

const isUsable = (element: HTMLElement): boolean =>
  element.isConnected && !element.matches(":disabled") && element.checkVisibility();
const isLost = (): boolean => document.activeElement === null || document.activeElement === document.body;
const firstOf = (within: HTMLElement, selector: string): HTMLElement | undefined =>
  [...within.querySelectorAll<HTMLElement>(selector)].find(isUsable);

/**
 * What stands nearest to a place that is gone. A part of the page with a heading of its own begins there. In a row of
 * buttons it is the first of those that are left.
 */
function nearest(place: Place): HTMLElement | undefined {
  for (const around of place.slice(1)) {
    if (!around.isConnected || around === document.body) continue;
    const isScreen = around.id === "main" || around.parentElement?.id === "main";
    const found = firstOf(around, HEADING) ?? (isScreen ? undefined : firstOf(around, FOCUSABLE));
    if (found) return found;
  }
  return undefined;
}

/** Called once, when the portal starts. */
export function keepFocus(): void {
  let last: Place = [];
  /** The last one outside of dialogs: a dialog that closes gives the focus back to where it was opened. */
  let inPage: Place = [];
  /** What is disabled while it works, and what has the focus instead. */
  let held: { element: HTMLElement; instead: HTMLElement } | undefined;
  /**
   * It had the focus and was disabled since. If that was short, it is usable again and has lost the focus all the same.
   */
  let wasDisabled: HTMLElement | undefined;
  let looking = false;

  function look(): void {
    looking = false;
    if (held && isUsable(held.element)) {
      if (document.activeElement === held.instead) held.element.focus({ preventScroll: true });
      held = undefined;
    }
    if (held?.element.isConnected === false) held = undefined;
    const [element] = last;
    if (!isLost() || !element) return;
    if (isUsable(element)) {
      // Who clicks beside everything means it so.
      if (wasDisabled === element) element.focus({ preventScroll: true });
      return;
    }
    const instead = nearest(last) ?? nearest(inPage) ?? firstOf(document.body, HEADING);
    instead?.focus();
    held = instead && element.isConnected ? { element, instead } : undefined;
  }

  document.addEventListener("focusin", ({ target }) => {
    if (!(target instanceof HTMLElement)) return;
    last = placeOf(target);
    wasDisabled = undefined;
    if (!target.closest(DIALOG)) inPage = last;
  });
  document.addEventListener("pointerdown", () => (wasDisabled = undefined));
  new MutationObserver((records) => {
    const [element] = last;
    if (element && records.some(({ type, target }) => type === "attributes" && target === element))
      wasDisabled = element;
    if (looking) return;
    looking = true;
    // A dialog of React Aria gives the focus back in the next frame.
    requestAnimationFrame(() => requestAnimationFrame(look));
  }).observe(document.body, { subtree: true, childList: true, attributes: true, attributeFilter: ["disabled"] });
}
