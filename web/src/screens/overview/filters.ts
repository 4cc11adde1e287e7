/** What the address of the overview holds. */
import { type FrameSearch, frameSearch } from "../../search-parameters.js";

/** Those that the charts have (src/parts/stats). They are named here too, so that the address needs no charts. */
const WINDOWS = ["1h", "24h", "7d", "30d"] as const;
export type OverviewWindow = (typeof WINDOWS)[number];

export interface OverviewSearch extends FrameSearch {
  /** 24 hours when absent. */
  window?: OverviewWindow;
}

export function overviewSearch(given: Record<string, unknown>): OverviewSearch {
  const window = WINDOWS.find((each) => each === given["window"]);
  return { ...frameSearch(given), ...(window && { window }) };
}
