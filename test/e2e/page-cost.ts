/**
 * What a page of the portal costs while a person watches it. It looks from the outside, by the hook that React offers
 * to its developer tools: which rows were drawn, and when the list could be used.
 */
import type { CDPSession, Page } from "playwright-core";

/** What the script in the page keeps. */
interface PageCost {
  /** Milliseconds since the page began, of the first commit with all rows, and of the frame after it. */
  shownAt?: number;
  usableAt?: number;
  /** Rows that were drawn, counted again each time. */
  drawn: number;
  /** Ids of the rows (the address that they lead to) that were drawn since the last look. */
  rows: Set<string>;
  sources: EventSource[];
}
type Watched = typeof globalThis & { sealpostCost: PageCost };

/** The parts of React's fibers that are read here. */
interface Fiber {
  type: unknown;
  stateNode: unknown;
  memoizedProps: unknown;
  child: Fiber | null;
  sibling: Fiber | null;
}

/** From the next load of the page on. `rows` is how many the list has when all are there. */
export async function watchCost(page: Page, rows: number): Promise<void> {
  await page.addInitScript((all) => {
    const cost: PageCost = { drawn: 0, rows: new Set(), sources: [] };
    const last = new WeakMap<Element, unknown>();
    function visit(fiber: Fiber | null): void {
      for (let each = fiber; each; each = each.sibling) {
        const { stateNode, memoizedProps } = each;
        if (each.type === "tr" && stateNode instanceof HTMLTableRowElement && stateNode.closest("tbody")) {
          if (last.get(stateNode) === memoizedProps) continue;
          last.set(stateNode, memoizedProps);
          cost.drawn++;
          cost.rows.add(stateNode.querySelector("a")?.getAttribute("href") ?? "");
        } else visit(each.child);
      }
    }
    function onCommitFiberRoot(_renderer: number, root: { current: Fiber }): void {
      visit(root.current);
      if (cost.shownAt !== undefined || document.querySelectorAll("tbody tr").length < all) return;
      cost.shownAt = performance.now();
      requestAnimationFrame(() => setTimeout(() => (cost.usableAt = performance.now())));
    }
    const hook = {
      supportsFiber: true,
      renderers: new Map(),
      inject: () => 1,
      onCommitFiberRoot,
      onCommitFiberUnmount: () => undefined,
    };
    class KnownSource extends EventSource {
      constructor(address: string) {
        super(address);
        cost.sources.push(this);
      }
    }
    Object.assign(globalThis, { sealpostCost: cost, __REACT_DEVTOOLS_GLOBAL_HOOK__: hook, EventSource: KnownSource });
  }, rows);
}

/** Rows that were drawn since the last look, each with how it is addressed. */
export const drawnRows = (page: Page): Promise<{ drawn: number; rows: string[] }> =>
  page.evaluate(() => {
    const cost = (globalThis as Watched).sealpostCost;
    const { drawn } = cost;
    const rows = [...cost.rows];
    cost.drawn = 0;
    cost.rows.clear();
    return { drawn, rows };
  });

/** Milliseconds from the end of the API's answer until the list with all rows could be used. */
export async function usableAfter(page: Page, path: string): Promise<number> {
  const found = await page.waitForFunction((name) => {
    const { usableAt } = (globalThis as Watched).sealpostCost;
    const answered = performance
      .getEntriesByType("resource")
      .find((entry): entry is PerformanceResourceTiming => new URL(entry.name).pathname === name);
    return usableAt !== undefined && answered ? usableAt - answered.responseEnd : false;
  }, path);
  return Number(await found.jsonValue());
}

/** Milliseconds that the browser alone takes to copy the table and to lay the copy out. */
export const copyOfRows = (page: Page): Promise<number> =>
  page.evaluate(() => {
    const table = document.querySelector("table");
    const began = performance.now();
    const copy = table?.cloneNode(true);
    if (copy instanceof HTMLElement) {
      document.body.append(copy);
      copy.getBoundingClientRect();
    }
    const took = performance.now() - began;
    if (copy instanceof HTMLElement) copy.remove();
    return took;
  });

/** Tells the page's own stream of so many changes of these deliveries, as fast as the page can draw them. */
export const pushChanges = (page: Page, ids: readonly string[], count: number): Promise<void> =>
  page.evaluate(
    async ({ all, most }) => {
      const source = (globalThis as Watched).sealpostCost.sources.at(-1);
      for (let n = 0; n < most; n++) {
        const data = JSON.stringify({
          // Five rows in each frame, and all of them in turn.
          id: all[(Math.floor(n / 50) * 5 + (n % 5)) % all.length],
          status: n % 2 === 0 ? "retrying" : "parked",
          attemptCount: n,
          updatedAt: new Date().toISOString(),
        });
        source?.dispatchEvent(new MessageEvent("delivery", { data }));
        if (n % 50 === 49) await new Promise((drawn) => requestAnimationFrame(drawn));
      }
    },
    { all: ids, most: count },
  );

/** Bytes of the heap of scripts that are still reachable, and nodes of the document. */
export async function kept(protocol: CDPSession): Promise<{ bytes: number; nodes: number }> {
  // What the first round frees may hold something that the second one frees.
  for (let round = 0; round < 3; round++) await protocol.send("HeapProfiler.collectGarbage");
  const { usedSize } = await protocol.send("Runtime.getHeapUsage");
  const { nodes } = await protocol.send("Memory.getDOMCounters");
  return { bytes: usedSize, nodes };
}

type TasksWatched = typeof globalThis & { sealpostTasks: number[] };

/** From the next load of the page on, it keeps the tasks of 50 ms and more. */
export const watchTasks = (page: Page): Promise<unknown> =>
  page.addInitScript(() => {
    const tasks: number[] = [];
    Object.assign(globalThis, { sealpostTasks: tasks });
    new PerformanceObserver((list) => tasks.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: "longtask",
    });
  });

/** Milliseconds of each of these tasks since the last look. */
export const longTasks = (page: Page): Promise<number[]> =>
  page.evaluate(() => (globalThis as TasksWatched).sealpostTasks.splice(0));
