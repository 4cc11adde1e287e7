/** The filters of the requests as they stand in the address. */
import { type FrameSearch, frameSearch } from "../../search-parameters.js";

export const REQUEST_STATUSES = ["open", "approved", "refused", "withdrawn", "all"] as const;

export interface RequestsSearch extends FrameSearch {
  /** Open ones when absent. */
  status?: (typeof REQUEST_STATUSES)[number];
}

export function requestsSearch(given: Record<string, unknown>): RequestsSearch {
  const status = REQUEST_STATUSES.find((each) => each === given["status"]);
  return { ...frameSearch(given), ...(status && { status }) };
}
